import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createAllowances, createGate } from '../../src/features/backlinks/allowance'
import {
  matchOf,
  mentionsTarget,
  parseTarget,
  targetOfUrl,
  urlKey,
} from '../../src/features/backlinks/target'

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
/** No public suffix, as `de.com` is one. */
const shop = label.map((text) => `shop-${text}`)

describe('hosts', () => {
  test('a host counts when it is the target or below it, and never by its letters alone', () => {
    fc.assert(
      fc.property(shop, label, label, (name, other, below) => {
        const target = parseTarget(`${name}.com`)
        const levelOf = (host: string) => matchOf(target, new URL(`https://${host}/x`))
        expect(levelOf(`${name}.com`)).toBe('host')
        expect(levelOf(`www.${name}.com`)).toBe('host')
        if (below !== 'www') expect(levelOf(`${below}.${name}.com`)).toBe('domain')
        expect(levelOf(`${other}${name}.com`)).toBeNull()
        expect(levelOf(`${name}.com.${other}.org`)).toBeNull()
        expect(mentionsTarget(`at ${name}.com.`, target)).toBe(true)
        expect(mentionsTarget(`at ${other}${name}.com`, target)).toBe(false)
        expect(mentionsTarget(`at ${name}.com.${other}`, target)).toBe(false)
      }),
    )
  })

  test('the key of an address is the same however it is written', () => {
    fc.assert(
      fc.property(shop, label, label, (name, path, value) => {
        const plain = new URL(`https://${name}.com/${path}?a=${value}&b=1`)
        const other = new URL(`http://WWW.${name}.com:80/${path}/?b=1&utm_source=x&a=${value}#top`)
        expect(urlKey(other)).toBe(urlKey(plain))
        expect(urlKey(new URL(`https://${name}.com/${path}?a=${value}x&b=1`))).not.toBe(
          urlKey(plain),
        )
        expect(matchOf(targetOfUrl(plain.href), other)).toBe('exact')
      }),
    )
  })

  const refused = [
    '',
    'localhost',
    'acme',
    '127.0.0.1',
    '0x7f.1',
    '[::1]',
    'co.uk',
    'github.io',
    'a@acme.com',
    'http://',
    'a b.com',
  ]
  test.each(refused)('"%s" is no target', (text) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'invalid_domain' }))
  })

  test.each([
    ['HTTPS://User:pw@WWW.Acme.co.uk:8443/x?y#z', 'acme.co.uk'],
    ['  Acme.com. ', 'acme.com'],
    ['münchen.de', 'xn--mnchen-3ya.de'],
  ])('"%s" means %s', (text, host) => {
    expect(parseTarget(text).host).toBe(host)
  })
})

test('allowances never give more than their total, and each page its own part', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 25 }),
      fc.array(fc.nat(24), { maxLength: 300 }),
      (pages, takes) => {
        const next = createAllowances(60, pages)
        const allowances = Array.from({ length: pages }, next)
        const given = takes.filter((page) => allowances[page % pages]?.take()).length
        expect(given).toBeLessThanOrEqual(60)
        const fresh = createAllowances(60, pages)
        const [greedy, ...others] = Array.from({ length: pages }, fresh)
        for (let asked = 0; asked < 100; asked++) greedy?.take()
        for (const other of others) expect([other.take(), other.take()]).toEqual([true, true])
      },
    ),
  )
})

test('a gate lets so many through at a time, in order, and survives failures', async () => {
  const through = createGate(3)
  let running = 0
  let most = 0
  const begun: number[] = []
  const works = Array.from({ length: 20 }, (_, id) =>
    through(async () => {
      begun.push(id)
      most = Math.max(most, ++running)
      await Bun.sleep(1)
      running--
      if (id % 3 === 0) throw new Error('no')
    }).catch(() => undefined),
  )
  await Promise.all(works)
  expect(most).toBe(3)
  expect(begun).toEqual(begun.toSorted((a, b) => a - b))
})
