import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey } from '../core/secret'

/** Encrypts secrets at rest. */
export type Vault = {
  /** AES-256-GCM under APP_SECRET, bound to `context` (row id, purpose). Returns text. */
  seal(plain: string, context: string): string
  /** Opens what {@link Vault.seal} made for the same context. Throws when it was altered. */
  open(sealed: string, context: string): string
}

const VERSION = 'v1'

export function createVault(appSecret: string): Vault {
  const key = deriveKey(appSecret, 'vault')
  return {
    seal(plain, context) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(sealed, context) {
      const [version, text] = sealed.split('.', 2)
      if (version !== VERSION || !text) throw new Error('This is not a sealed value.')
      const bytes = Buffer.from(text, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(12, 28))
      return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}
