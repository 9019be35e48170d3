import { OWNER } from './owner'

/** What a fault script saw, and the sentences that must hold and did not. */
export type FaultOutcome = { name: string; figures: string; broken: readonly string[] }

/** Prints an outcome and ends the process with it. */
export function report({ name, figures, broken }: FaultOutcome): never {
  process.stdout.write(`${name}: ${figures}\n`)
  for (const sentence of broken) process.stdout.write(`  BROKEN ${sentence}\n`)
  process.exit(broken.length === 0 ? 0 : 1)
}

/** Requests of the owner to a real server. */
export async function signedIn(origin: string) {
  const answer = await fetch(`${origin}/api/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(OWNER),
  })
  const { token } = (await answer.json()) as { token: string }
  return (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
    })
}

export type Ask = Awaited<ReturnType<typeof signedIn>>

/** Waits up to `seconds` for what is to come; false when it did not. */
export async function comes(holds: () => Promise<boolean>, seconds = 30): Promise<boolean> {
  for (let tries = 0; tries < seconds * 10; tries++) {
    if (await holds()) return true
    await Bun.sleep(100)
  }
  return false
}

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0
