import { describe, expect, test } from 'bun:test'
import { COMMON_PASSWORDS } from '../../src/platform/common-passwords'
import { createPasswords } from '../../src/platform/passwords'

const cheap = { memoryKib: 64, passes: 1 }

describe('passwords', () => {
  test('are kept as argon2id with 64 MiB and two passes', async () => {
    const passwords = createPasswords()
    const hash = await passwords.hash('a fine long phrase')
    expect(hash).toStartWith('$argon2id$v=19$m=65536,t=2,p=1$')
    expect(await passwords.verify('a fine long phrase', hash)).toBe(true)
    expect(await passwords.verify('a fine long phrasE', hash)).toBe(false)
    expect(passwords.isOutdated(hash)).toBe(false)
    expect(createPasswords(cheap).isOutdated(hash)).toBe(true)
  })

  test('match however a keyboard composes them', async () => {
    const passwords = createPasswords(cheap)
    const hash = await passwords.hash('caf\u00e9 au lait')
    expect(await passwords.verify('cafe\u0301 au lait', hash)).toBe(true)
  })

  test('a missing hash is worked on and never matches', async () => {
    const passwords = createPasswords(cheap)
    expect(await passwords.verify('a fine long phrase', null)).toBe(false)
    expect(await passwords.verify('a fine long phrase', undefined)).toBe(false)
  })

  test('more than the queue holds is refused at once as unavailable, the rest is done', async () => {
    const passwords = createPasswords({ ...cheap, concurrency: 2, queueMax: 3 })
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => passwords.hash('a fine long phrase')),
    )
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason] : [],
    )
    expect(refused).toHaveLength(3)
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'unavailable', options: { retryAfterSeconds: 3 } })
    }
    expect(await passwords.hash('a fine long phrase')).toStartWith('$argon2id$')
  })

  test('a failing hash gives its place back', async () => {
    const passwords = createPasswords({ ...cheap, concurrency: 1, queueMax: 0 })
    await expect(passwords.verify('a fine long phrase', 'no hash at all')).rejects.toThrow()
    expect(await passwords.hash('a fine long phrase')).toStartWith('$argon2id$')
  })

  test.each(['1234567', 'password1', 'PASSWORD1', 'Ada@Example.com', 'x'.repeat(257)])(
    'refuses %p',
    (plain) => {
      const check = () => createPasswords(cheap).requireGood(plain, { email: 'ada@example.com' })
      expect(check).toThrow(expect.objectContaining({ code: 'validation_failed' }))
    },
  )

  test.each(['x7 y8 z9', '🔑'.repeat(8), 'x'.repeat(256)])('accepts %p', (plain) => {
    const check = () => createPasswords(cheap).requireGood(plain, { email: 'ada@example.com' })
    expect(check).not.toThrow()
  })

  test('the common ones are in lower case and long enough to matter', () => {
    expect(COMMON_PASSWORDS.size).toBeGreaterThan(200)
    for (const word of COMMON_PASSWORDS) {
      expect(word).toBe(word.toLowerCase())
      expect(word.length).toBeGreaterThanOrEqual(8)
    }
  })
})
