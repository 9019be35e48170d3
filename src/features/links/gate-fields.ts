import { z } from 'zod'
import type { LinkRow } from './table'

/** What an answer says of a link's password and click limit. */
export const gateFields = {
  hasPassword: z.boolean().describe('Visitors are asked for a password, which is never shown.'),
  limitReached: z.boolean().describe('As many clicks as `clickLimit` allows have been stored.'),
  clicksRemaining: z
    .int()
    .nullable()
    .describe('Clicks until `clickLimit` is reached; null without a limit.'),
}

/** `clicks` are those stored of the link. */
export function toGates({ passwordHash, clickLimit }: LinkRow, clicks: number) {
  const clicksRemaining = clickLimit === null ? null : Math.max(0, clickLimit - clicks)
  return {
    hasPassword: passwordHash !== null,
    limitReached: clicksRemaining === 0,
    clicksRemaining,
  }
}
