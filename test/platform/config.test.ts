import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { ConfigError, readConfig } from '../../src/config'
import { temporaryDirectory } from '../support/temporary-directory'

describe('configuration', () => {
  test('an empty environment gives the documented defaults', () => {
    expect(readConfig({})).toMatchObject({
      port: 3000,
      host: '0.0.0.0',
      signup: 'invite',
      defaultPlan: 'free',
      cron: true,
      docs: true,
      rateLimits: true,
      trustProxy: [],
      publicUrl: null,
      chromePath: null,
    })
  })

  test('an empty variable counts as unset', () => {
    expect(readConfig({ PORT: '', APP_SECRET: '' })).toMatchObject({ port: 3000, appSecret: null })
  })

  test('a secret can lie in a file, and loses its last line break', () => {
    using directory = temporaryDirectory()
    writeFileSync(directory.file('secret'), `${'s'.repeat(40)}\n`)
    const config = readConfig({ APP_SECRET_FILE: directory.file('secret') })
    expect(config.appSecret).toBe('s'.repeat(40))
  })

  test('every bad value is named at once, in words', () => {
    const bad = {
      PORT: 'abc',
      SIGNUP: 'maybe',
      CRON: 'yes',
      PUBLIC_URL: 'example.com',
      MAIL_FROM: 'a, b',
      DNS_SERVERS: '1.1.1.1 one.one.one.one',
      ADMIN_EMAIL: 'a@example.com',
      APP_SECRET: 'short',
      TRUST_PROXY: '10.0.0.0/99',
      METRICS_TOKEN_FILE: '/no/such/file',
    }
    let message = ''
    try {
      readConfig(bad)
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      message = error instanceof Error ? error.message : ''
    }
    expect(message.split('\n').toSorted()).toEqual([
      'ADMIN_EMAIL and ADMIN_PASSWORD: set both or neither',
      'APP_SECRET: must have at least 32 characters',
      'CRON: must be "on" or "off"',
      'DNS_SERVERS: must be addresses',
      'MAIL_FROM: must be an address, or a name and an address as in Linkstead <links@example.com>',
      'METRICS_TOKEN_FILE: cannot read /no/such/file',
      'PORT: must be a port number',
      'PUBLIC_URL: must be an http or https URL',
      'SIGNUP: must be "invite", "open" or "closed"',
      'TRUST_PROXY: must be addresses or CIDR ranges',
    ])
  })

  test.each([
    ['https://links.example.com/', 'https://links.example.com'],
    ['HTTPS://Links.Example.com:443', 'https://links.example.com'],
    ['http://go', 'http://go'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('PUBLIC_URL %s is the origin %s', (PUBLIC_URL, publicUrl) => {
    expect(readConfig({ PUBLIC_URL }).publicUrl).toBe(publicUrl)
  })

  test.each(['https://x.co/app', 'https://me:pw@x.co', 'https://x.co?a', 'https://x.co/#b'])(
    'PUBLIC_URL %s is more than an origin and refused',
    (PUBLIC_URL) => {
      expect(() => readConfig({ PUBLIC_URL })).toThrow(/must be an origin/)
    },
  )

  test('DNS servers are addresses, with a port or without', () => {
    const DNS_SERVERS = '1.1.1.1, 9.9.9.9:53 2606:4700::1111 [2606:4700::1111]:53'
    expect(readConfig({ DNS_SERVERS }).dnsServers).toHaveLength(4)
  })

  test('an admin needs both an address and a password', () => {
    expect(() => readConfig({ ADMIN_EMAIL: 'a@example.com' })).toThrow(/set both or neither/)
  })
})
