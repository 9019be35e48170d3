import type { Events, People, Platform } from './compose'
import { createAnalyses } from './features/analysis/service'
import { isBotWall } from './features/backlinks/page-kind'
import { createEngines } from './features/engines/service'
import { createVisibility } from './features/visibility/service'
import type { Overrides } from './overrides'
import { nextTurn } from './platform/loops'

/** What engines say of brands, and how brands look. */
export function composeVisibility(
  platform: Platform,
  { outbox }: Events,
  people: People,
  { answerTimeoutMs }: Overrides,
) {
  const { loops, publicUrl, config } = platform
  const { billing, directory: workspaces } = people
  const engines = createEngines({ ...platform, config: config.engines, answerTimeoutMs })
  const visibility = createVisibility({
    ...{ ...platform, engines, outbox, entitlements: billing, workspaces, nextTurn },
    usage: billing.usage,
    wake: () => loops.wake('tracking'),
  })
  const analyses = createAnalyses({
    ...{ ...platform, workspaces, isBotWall, vision: engines.judge },
    userAgent: () => `linkstead-analyze/1.0 (+${new URL('/bot', publicUrl()).href})`,
    wake: () => loops.wake('analyses.run'),
  })
  return { engines, visibility, analyses }
}
