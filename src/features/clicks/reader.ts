import type { Database } from '../../platform/database'
import { createClickFacts } from './click-facts'
import { createClickPages } from './click-pages'
import { figuresOf } from './panel-counts'
import { createPanels } from './panels'
import { VERDICTS } from './verdict'

export type ClickReader = ReturnType<typeof createClickReader>

/** What analytics asks of clicks: questions of many milliseconds, for the read-only Worker. */
export function createClickReader(db: Database) {
  return {
    ...{ ...createPanels(db), pageOf: createClickPages(db), figuresOf, verdicts: VERDICTS },
    facts: createClickFacts(db),
  }
}
