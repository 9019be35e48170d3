import { HOUR } from '../../core/clock'
import type { Database } from '../../platform/database'
import type { Sessions } from './sessions'

export type RetentionDeps = {
  db: Database
  sessions: Sessions
  accounts: {
    /** Deletes a few hundred rows that have long ended; answers how many. */
    purge(): number
  }
}

/** Forgets sign-ins, one-time links and wrong codes that have long ended, in small transactions. */
export function createSignInRetention({ db, sessions, accounts }: RetentionDeps) {
  return {
    name: 'auth.retention',
    schedule: { everyMs: HOUR },
    run(signal: AbortSignal): void {
      while (!signal.aborted && db.write((tx) => sessions.purge(tx)) + accounts.purge() > 0) {
        // Each turn removes what it counted.
      }
    },
  }
}
