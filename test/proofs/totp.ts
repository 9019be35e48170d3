/**
 * `oathtool` (RFC 6238 by others) against a running server: a code that it computes from our
 * secret is accepted, at enrolment and at sign-in; the same code is not accepted twice.
 * BASE_URL, ADMIN_EMAIL and ADMIN_PASSWORD name the server and an account without two factors.
 */
import { z } from 'zod'

const STEP_MS = 30_000

const { BASE_URL = '', ADMIN_EMAIL: email = '', ADMIN_PASSWORD: password = '' } = process.env

async function post<T>(path: string, body: object, shape: z.ZodType<T>, token?: string) {
  const answer = await fetch(`${BASE_URL}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  return { status: answer.status, text, read: () => shape.parse(JSON.parse(text)) }
}

function oathtool(secret: string, atMs: number): string {
  const args = ['--totp', '--base32', `--now=@${Math.floor(atMs / 1000)}`, secret]
  return Bun.spawnSync(['oathtool', ...args])
    .stdout.toString()
    .trim()
}

function expectStatus(what: string, answer: { status: number; text: string }, wanted: number) {
  if (answer.status === wanted) return
  throw new Error(`${what}: ${answer.status} instead of ${wanted}. ${answer.text}`)
}

const Token = z.object({ token: z.string() })
const Setup = z.object({ data: z.object({ secret: z.string(), otpauth_uri: z.string() }) })

const signIn = await post('/api/auth/token', { email, password }, Token)
expectStatus('Sign-in', signIn, 200)
const { token } = signIn.read()
const setup = await post('/api/v1/users/me/2fa/setup', {}, Setup, token)
expectStatus('Set-up', setup, 200)
const { secret, otpauth_uri: uri } = setup.read().data
if (new URL(uri).searchParams.get('secret') !== secret) throw new Error(`Another secret: ${uri}`)

// The middle of the window that a server tolerates: the step before is as good as the present one.
const now = Date.now()
const first = oathtool(secret, now - STEP_MS)
const second = oathtool(secret, now)
const enabled = await post('/api/v1/users/me/2fa/enable', { code: first }, z.unknown(), token)
expectStatus(`oathtool's ${first} at enrolment`, enabled, 200)
const bare = await post('/api/auth/token', { email, password }, z.unknown())
expectStatus('Sign-in without a code', bare, 401)
const coded = await post('/api/auth/token', { email, password, code: second }, Token)
expectStatus(`oathtool's ${second} at sign-in`, coded, 200)
const again = await post('/api/auth/token', { email, password, code: second }, z.unknown())
expectStatus('The same code again', again, 401)
console.log('TOTP agrees with oathtool; a code works once.')
