import { expect, test } from 'bun:test'
import { isOwnMachine } from '../../src/core/own-machine'

test.each([
  'http://localhost:11434/v1',
  'http://ollama:11434',
  'http://gpu.local',
  'http://a.b.internal',
  'http://box.home.arpa',
  'http://127.0.0.1',
  'http://127.255.1.2',
  'http://10.1.2.3',
  'http://172.16.0.1',
  'http://172.31.255.255',
  'http://192.168.0.1',
  'http://[::1]',
  'http://[fc00::1]',
  'http://[fdab:1::2]:8080',
  // As the URL standard reads them.
  'http://0x7f.1',
  'http://2130706433',
])("%s is a machine of one's own", (url) => {
  expect(isOwnMachine(url)).toBe(true)
})

test.each([
  'http://example.com',
  'http://localhost.example.com',
  'http://10.example.com',
  'http://local.com',
  'http://9.9.9.9',
  'http://172.15.0.1',
  'http://172.32.0.1',
  'http://192.169.0.1',
  'http://110.1.1.1',
  'http://[2001:db8::1]',
  'http://[fe80::1]',
  'http://[::ffff:8.8.8.8]',
  'http://[fc::1]',
])('%s is not', (url) => {
  expect(isOwnMachine(url)).toBe(false)
})
