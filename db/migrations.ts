// Written by `bun run db:generate`.

import type { Migration } from '../src/platform/migrate'
import m0000 from './migrations/0000_init.sql' with { type: 'text' }
import m0001 from './migrations/0001_domains.sql' with { type: 'text' }
import m0002 from './migrations/0002_bored_valkyrie.sql' with { type: 'text' }
import m0003 from './migrations/0003_labels.sql' with { type: 'text' }
import m0004 from './migrations/0004_link_control.sql' with { type: 'text' }
import m0005 from './migrations/0005_attribution.sql' with { type: 'text' }
import m0006 from './migrations/0006_rollups_gone.sql' with { type: 'text' }
import m0007 from './migrations/0007_roll_again.sql' with { type: 'text' }
import m0008 from './migrations/0008_deliverer.sql' with { type: 'text' }
import m0009 from './migrations/0009_reports.sql' with { type: 'text' }
import m0010 from './migrations/0010_billing_and_schedule.sql' with { type: 'text' }
import m0011 from './migrations/0011_given_plans.sql' with { type: 'text' }
import m0012 from './migrations/0012_websites_and_visibility.sql' with { type: 'text' }

/** Every migration in the order in which it applies, inside the program itself. */
export const migrations: readonly Migration[] = [
  { name: '0000_init', sql: m0000 },
  { name: '0001_domains', sql: m0001 },
  { name: '0002_bored_valkyrie', sql: m0002 },
  { name: '0003_labels', sql: m0003 },
  { name: '0004_link_control', sql: m0004 },
  { name: '0005_attribution', sql: m0005 },
  { name: '0006_rollups_gone', sql: m0006 },
  { name: '0007_roll_again', sql: m0007 },
  { name: '0008_deliverer', sql: m0008 },
  { name: '0009_reports', sql: m0009 },
  { name: '0010_billing_and_schedule', sql: m0010 },
  { name: '0011_given_plans', sql: m0011 },
  { name: '0012_websites_and_visibility', sql: m0012 },
]
