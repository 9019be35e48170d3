import { analysisTools } from './features/analysis/tools'
import { analyticsTools } from './features/analytics/tools'
import { backlinkCheckTools } from './features/backlinks/check-tools'
import { backlinkTools } from './features/backlinks/tools'
import { campaignTools } from './features/campaigns/tools'
import { conversionTools } from './features/conversions/tools'
import { directoryTools } from './features/directories/tools'
import { domainTools } from './features/domains/tools'
import { labelTools } from './features/labels/tools'
import { linkTools } from './features/links/tools'
import { projectTools } from './features/projects/tools'
import { reportTools } from './features/reports/tools'
import { scanTools } from './features/scans/tools'
import { siteTools } from './features/sites/tools'
import { visibilityTools } from './features/visibility/tools'
import { workspaceTools } from './features/workspaces/tools'
import type { Tool } from './http/tool'

export type ToolDeps = Parameters<typeof linkTools>[0] &
  Parameters<typeof labelTools>[0] &
  Parameters<typeof domainTools>[0] &
  Parameters<typeof analyticsTools>[0] &
  Parameters<typeof conversionTools>[0] &
  Parameters<typeof projectTools>[0] &
  Parameters<typeof scanTools>[0] &
  Parameters<typeof siteTools>[0] &
  Parameters<typeof directoryTools>[0] &
  Parameters<typeof backlinkCheckTools>[0] &
  Parameters<typeof backlinkTools>[0] &
  Parameters<typeof campaignTools>[0] &
  Parameters<typeof analysisTools>[0] &
  Parameters<typeof reportTools>[0] &
  Parameters<typeof visibilityTools>[0] &
  Parameters<typeof workspaceTools>[0]

/** Everything that assistants can do. Each feature declares its tools beside its routes. */
export const createTools = (deps: ToolDeps): Tool[] => [
  ...projectTools(deps),
  ...linkTools(deps),
  ...labelTools(deps),
  ...domainTools(deps),
  ...analyticsTools(deps),
  ...conversionTools(deps),
  ...scanTools(deps),
  ...siteTools(deps),
  ...directoryTools(deps),
  ...backlinkCheckTools(deps),
  ...backlinkTools(deps),
  ...campaignTools(deps),
  ...analysisTools(deps),
  ...reportTools(deps),
  ...visibilityTools(deps),
  ...workspaceTools(deps),
]
