/** What a look at one thing came to; a warning works today, a problem does not. */
export type Finding = {
  check: string
  verdict: 'ok' | 'warning' | 'problem'
  says: string
  /** What to do about it; only with a warning or a problem. */
  advice?: string
}

export const ok = (check: string, says: string): Finding => ({ check, verdict: 'ok', says })

export const warning = (check: string, says: string, advice: string): Finding => ({
  ...{ check, verdict: 'warning', says, advice },
})

export const problem = (check: string, says: string, advice: string): Finding => ({
  ...{ check, verdict: 'problem', says, advice },
})

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** `3 h`, `2 days`: the largest unit that says enough. */
export function span(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000)
  if (minutes < 120) return `${minutes} min`
  if (minutes < 2 * 24 * 60) return `${Math.round(minutes / 60)} h`
  return `${Math.round(minutes / (24 * 60))} days`
}
