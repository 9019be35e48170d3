import { expect, test } from 'bun:test'

test('a test that asks for a foreign host fails before anything is sent', async () => {
  expect(fetch('https://example.com/')).rejects.toThrow('Tests reach loopback only')
  expect(fetch('file:///etc/hostname')).rejects.toThrow('Tests reach loopback only')
  expect(fetch('http://127.0.0.1.example.com/')).rejects.toThrow('Tests reach loopback only')
})

test('a test may ask servers on loopback', async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response('hi'),
  })
  expect(await (await fetch(server.url)).text()).toBe('hi')
})

test('a complaint on console.error fails the test', () => {
  expect(() => console.error('lost')).toThrow('console.error in a test: lost')
})

test('tests run in UTC', () => {
  expect(new Date(0).getHours()).toBe(0)
  expect(Intl.DateTimeFormat().resolvedOptions().timeZone).toBe('UTC')
})
