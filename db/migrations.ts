// Written by `bun run db:generate`.

import type { Migration } from '../src/platform/migrate'
import m0000 from './migrations/0000_init.sql' with { type: 'text' }
import m0001 from './migrations/0001_domains.sql' with { type: 'text' }
import m0002 from './migrations/0002_bored_valkyrie.sql' with { type: 'text' }
import m0003 from './migrations/0003_labels.sql' with { type: 'text' }

/** Every migration in the order in which it applies, inside the program itself. */
export const migrations: readonly Migration[] = [
  { name: '0000_init', sql: m0000 },
  { name: '0001_domains', sql: m0001 },
  { name: '0002_bored_valkyrie', sql: m0002 },
  { name: '0003_labels', sql: m0003 },
]
