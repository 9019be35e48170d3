import { expect, test } from 'bun:test'
import { createVault } from '../../src/platform/vault'

const vault = createVault('a secret of at least thirty-two characters')

test('what is sealed can be opened in the same context only', () => {
  const sealed = vault.seal('whsec_ü', 'endpoint 1')
  expect(vault.open(sealed, 'endpoint 1')).toBe('whsec_ü')
  expect(() => vault.open(sealed, 'endpoint 2')).toThrow()
})

test('another APP_SECRET opens nothing', () => {
  const sealed = vault.seal('text', 'row')
  expect(() => createVault('another secret of that many characters').open(sealed, 'row')).toThrow()
})

test('no byte can be changed unnoticed', () => {
  const sealed = vault.seal('text', 'row')
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(() => vault.open(`v1.${changed.toString('base64url')}`, 'row')).toThrow()
  }
})

test('the same text is never sealed the same way twice', () => {
  expect(vault.seal('text', 'row')).not.toBe(vault.seal('text', 'row'))
})
