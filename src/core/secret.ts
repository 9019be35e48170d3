import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** `bytes` random bytes as base64url: 32 bytes are 43 characters and 256 bits. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}

/** SHA-256 in hex: how tokens and keys of 256 random bits are stored. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Compares two texts in a time that does not depend on where they differ. */
export function equalSecrets(left: string, right: string): boolean {
  const a = createHash('sha256').update(left).digest()
  const b = createHash('sha256').update(right).digest()
  return timingSafeEqual(a, b)
}

/** A 256-bit key for one purpose, derived from APP_SECRET by HMAC-SHA256 (HKDF-expand, one block). */
export function deriveKey(appSecret: string, purpose: string): Buffer {
  return createHmac('sha256', appSecret).update(`linkstead/${purpose}/v1`).digest()
}
