import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/core/errors'
import { isAllowItem } from '../../src/platform/destination'
import { DnsError } from '../../src/platform/dns'
import { createInternet } from '../../src/platform/internet'
import { OutboundError } from '../../src/platform/outbound-error'

const answers: Readonly<Record<string, string[]>> = {
  'hooks.example.com': ['93.184.216.34', '2606:2800:220:1::1'],
  'xn--mnchen-3ya.example': ['93.184.216.34'],
  'private.example.com': ['10.1.2.3'],
  'mixed.example.com': ['93.184.216.34', '10.1.2.3'],
  'mapped.example.com': ['::ffff:127.0.0.1'],
  'zone.example.com': ['fe80::1%eth0'],
  'nonsense.example.com': ['0x7f.1'],
  'metadata.example.com': ['169.254.169.254'],
  'private6.example.com': ['2606:2800:220:1::1', 'fd00:ec2::254'],
  localhost: ['127.0.0.1', '::1'],
  receiver: ['172.20.0.5'],
}

function internetWith(outboundAllow: string[] = []) {
  const asked: string[] = []
  const { guarded, trusted } = createInternet({
    outboundAllow,
    dnsServers: [],
    resolve: async (host) => {
      asked.push(host)
      const found = answers[host]
      if (found === undefined) throw new DnsError('missing')
      return found
    },
  })
  return { guarded, trusted, asked }
}

async function refusal(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof AppError) return error
  throw new Error(`Expected a refusal, got ${String(error)}.`)
}

const LOOPBACK_SPELLINGS = [
  'https://127.0.0.1/',
  'https://127.0.0.1:8443/',
  'https://127.1/',
  'https://127.0.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0x7F.0x0.0x0.0x1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://0177.0x0.1/',
  'https://127.0.0.1./',
  'https://①②⑦.⓪.⓪.①/',
  'https://１２７．０．０．１/',
  'https://127。0。0。1/',
  'https://%31%32%37.0.0.1/',
  'https:127.0.0.1/',
  'https:/\\127.0.0.1/',
  'https://0/',
  'https://0.0.0.0/',
  'https://00000000/',
  'https://[::1]/',
  'https://[::]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::ffff:0:127.0.0.1]/',
  'https://[::127.0.0.1]/',
]

const PRIVATE_ADDRESSES = [
  'https://10.0.0.1/',
  'https://167772161/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://0xc0a80101/',
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://0251.0376.0251.0376/',
  'https://[::ffff:169.254.169.254]/',
  'https://[fd00:ec2::254]/',
  'https://100.64.0.1/',
  'https://100.100.100.200/',
  'https://192.0.0.192/',
  'https://192.0.2.1/',
  'https://192.88.99.1/',
  'https://198.18.0.1/',
  'https://198.51.100.1/',
  'https://203.0.113.1/',
  'https://224.0.0.1/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  'https://[64:ff9b::127.0.0.1]/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://[64:ff9b:1::a00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[2002:a9fe:a9fe::1]/',
  'https://[2001:0:7f00:1::]/',
  'https://[2001::1]/',
  'https://[2001:db8::1]/',
  'https://[fe80::1]/',
  'https://[febf::1]/',
  'https://[fec0::1]/',
  'https://[fc00::1]/',
  'https://[ff02::1]/',
  'https://[100::1]/',
  'https://[3fff::1]/',
  'https://[5f00::1]/',
  'https://[2a00::5efe:10.0.0.1]/',
]

const PRIVATE_NAMES = [
  'https://localhost/',
  'https://LOCALHOST/',
  'https://localhost./',
  'https://localhost../',
  'https://a.localhost/',
  'https://intranet/',
  'https://intranet./',
  'https://printer.local/',
  'https://ⓟrinter.local/',
  'https://metadata.google.internal/',
  'https://nas.home.arpa/',
  'https://abcdefgh.onion/',
  `https://${'a.'.repeat(127)}example.com/`,
]

const BAD_FORMS = [
  '',
  'hooks.example.com/x',
  '//hooks.example.com/x',
  'https://',
  'https:///',
  'https://[fe80::1%25eth0]/',
  'https://[::1/',
  'https://256.256.256.256/',
  'https://1.2.3.4.5/',
  'https://exa mple.com/',
  'https://hooks.example.com/\u0000',
  'https://hooks.example.com/a\r\nX-Injected: 1',
  'ht\ntps://hooks.example.com/',
  ' https://hooks.example.com/',
  'https://hooks.example.com/\u202egnp.exe',
  'https://user@hooks.example.com/',
  'https://user:pass@hooks.example.com/',
  'https://:pass@hooks.example.com/',
  'https://hooks.example.com:443@127.0.0.1/',
  'http://hooks.example.com/',
  'ftp://hooks.example.com/',
  'file:///etc/passwd',
  'data:text/plain,hello',
  'javascript:alert(1)',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  's3://bucket/key',
  'unix:/var/run/docker.sock',
  'blob:https://hooks.example.com/1',
  `https://hooks.example.com/${'a'.repeat(2048)}`,
]

const BAD_PORTS = [1, 22, 25, 81, 465, 587, 1023, 2375, 2379, 3306, 5432, 6379, 9200, 11211, 27017]

const BAD_ANSWERS = [
  'https://private.example.com/',
  'https://mixed.example.com/',
  'https://mapped.example.com/',
  'https://zone.example.com/',
  'https://nonsense.example.com/',
  'https://metadata.example.com/',
  'https://private6.example.com/',
]

describe('a URL at registration', () => {
  test.each([...LOOPBACK_SPELLINGS, ...PRIVATE_ADDRESSES, ...PRIVATE_NAMES])(
    '%p is refused as not public, without asking DNS',
    async (url) => {
      const { guarded, asked } = internetWith()
      const error = await refusal(guarded.checkDestination(url))
      expect(error).toMatchObject({ code: 'invalid_url', options: { field: 'url' } })
      expect(() => guarded.judgeUrl(url)).toThrow(error.message)
      expect(asked).toEqual([])
    },
  )

  test.each([...BAD_FORMS, ...BAD_PORTS.map((port) => `https://hooks.example.com:${port}/`)])(
    '%p is refused by its form',
    async (url) => {
      const { guarded, asked } = internetWith()
      const error = await refusal(guarded.checkDestination(url))
      expect(error).toMatchObject({ code: 'invalid_url', options: { field: 'url' } })
      expect(asked).toEqual([])
    },
  )

  test.each(BAD_ANSWERS)('%p is refused because one of its addresses is', async (url) => {
    const error = await refusal(internetWith().guarded.checkDestination(url))
    expect(error.code).toBe('invalid_url')
    expect(error.message).not.toMatch(/\d/)
  })

  test.each([
    'https://hooks.example.com/a?b=c',
    'https://HOOKS.example.com./',
    'https://hooks.example.com:80/',
    'https://hooks.example.com:8443/',
    'https://münchen.example/',
    'https://93.184.216.34/',
    'https://[2606:2800:220:1::1]:8443/',
  ])('%p is accepted', async (url) => {
    const { guarded } = internetWith()
    await guarded.checkDestination(url)
    expect(guarded.judgeUrl(url)).toBeInstanceOf(URL)
  })

  test('a name without an answer is accepted, since each request vets it, unless told otherwise', async () => {
    const { guarded } = internetWith()
    await guarded.checkDestination('https://not-yet.example.com/')
    const strict = guarded.checkDestination('https://not-yet.example.com/', {
      unresolved: 'refuse',
    })
    expect((await refusal(strict)).message).toBe('The host name does not resolve.')
  })

  test('the refusal names the field and the code that the caller uses', async () => {
    const { guarded } = internetWith()
    const options = { field: 'site.url', code: 'invalid_site_url' } as const
    const error = await refusal(guarded.checkDestination('https://localhost/', options))
    expect(error).toMatchObject({ code: 'invalid_site_url', options: { field: 'site.url' } })
  })

  test('http is accepted on a public name where the caller allows it', async () => {
    const { guarded } = internetWith()
    const schemes = ['http', 'https'] as const
    await guarded.checkDestination('http://hooks.example.com/', { schemes })
    await refusal(guarded.checkDestination('http://127.0.0.1/', { schemes }))
    await refusal(guarded.checkDestination('http://private.example.com/', { schemes }))
  })
})

describe('OUTBOUND_ALLOW', () => {
  test.each([
    ['127.0.0.0/8', 'http://127.0.0.1:4000/'],
    ['127.0.0.1', 'http://127.0.0.1:4000/'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4000/'],
    ['127.0.0.1:22', 'http://127.0.0.1:22/'],
    ['::1', 'http://[::1]:4000/'],
    ['[::1]:4000', 'http://[::1]:4000/'],
    ['fd00::/8', 'https://[fd00::1]/'],
    ['localhost', 'http://localhost:4000/'],
    ['LOCALHOST:4000', 'http://localhost:4000/'],
    ['receiver:5432', 'http://receiver:5432/'],
    ['172.16.0.0/12', 'http://receiver:4000/'],
    ['10.0.0.0/8', 'https://private.example.com/'],
    ['10.0.0.0/8', 'http://private.example.com/'],
    ['127.0.0.0/8', 'http://localhost:4000/'],
  ])('%s lets %s through', async (item, url) => {
    await internetWith([item]).guarded.checkDestination(url)
  })

  test.each([
    ['127.0.0.0/8', 'http://10.0.0.1/'],
    ['127.0.0.0/8', 'https://[::ffff:127.0.0.1]/'],
    ['127.0.0.0/8', 'http://127.0.0.1:22/'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4001/'],
    ['localhost:4000', 'http://localhost:4001/'],
    ['localhost', 'http://localhost:5432/'],
    ['localhost', 'http://a.localhost/'],
    ['localhost', 'http://127.0.0.1/'],
    ['10.0.0.0/8', 'http://hooks.example.com/'],
    ['10.0.0.0/8', 'http://receiver/'],
    ['10.0.0.0/8', 'https://metadata.example.com/'],
    ['receiver', 'http://user@receiver/'],
    ['receiver', 'ftp://receiver/'],
  ])('%s does not let %s through', async (item, url) => {
    await refusal(internetWith([item]).guarded.checkDestination(url))
  })

  test('where exceptions cover some of the addresses of a name, those alone are used', async () => {
    expect(await internetWith(['127.0.0.0/8']).guarded.resolve('localhost')).toEqual(['127.0.0.1'])
    expect(await internetWith(['10.0.0.0/8']).guarded.resolve('mixed.example.com')).toEqual([
      '93.184.216.34',
      '10.1.2.3',
    ])
  })

  test('by form alone an exception counts for its host or its literal addresses', () => {
    const { guarded } = internetWith(['127.0.0.0/8', 'receiver'])
    expect(guarded.judgeUrl('http://127.0.0.1:4000/').port).toBe('4000')
    expect(guarded.judgeUrl('http://receiver/').hostname).toBe('receiver')
    expect(() => guarded.judgeUrl('http://hooks.example.com/')).toThrow('https://')
  })

  test.each([
    '10.0.0.0/33',
    'a b',
    'http://x',
    'host:0',
    'host:99999',
    '[host]:1',
    '*.example.com',
  ])('%p is no item, and the process does not start with it', (item) => {
    expect(isAllowItem(item)).toBe(false)
    expect(() => internetWith([item])).toThrow(item)
  })
})

describe('resolve', () => {
  test('answers the vetted addresses of a name or a literal', async () => {
    const { guarded } = internetWith()
    expect(await guarded.resolve('Hooks.Example.com.')).toEqual(answers['hooks.example.com'] ?? [])
    expect(await guarded.resolve('2606:2800:220:1::1')).toEqual(['2606:2800:220:1::1'])
  })

  test.each([
    ['mixed.example.com', 'forbidden_address'],
    ['localhost', 'forbidden_address'],
    ['::1', 'forbidden_address'],
    ['not-yet.example.com', 'dns'],
    ['hooks.example.com/path', 'invalid_url'],
    ['hooks.example.com@x', 'invalid_url'],
    ['hooks.example.com:8443', 'invalid_url'],
  ])('%s is refused as %s', async (host, reason) => {
    const error = await internetWith()
      .guarded.resolve(host)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OutboundError)
    expect(error).toMatchObject({ reason })
  })

  test('the trusted port vets nothing but the scheme', async () => {
    const { trusted } = internetWith()
    expect(await trusted.resolve('localhost')).toEqual(['127.0.0.1', '::1'])
    expect(trusted.judgeUrl('http://127.0.0.1:11434/').port).toBe('11434')
    await refusal(trusted.checkDestination('file:///etc/passwd'))
  })
})
