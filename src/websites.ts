import type { Events, People, Platform } from './compose'
import { backlinkFindings } from './features/backlinks/findings'
import { createPublicCheck } from './features/backlinks/public-check'
import { createBacklinkPurge } from './features/backlinks/purge'
import { userAgentOf } from './features/backlinks/sending'
import { createBacklinks } from './features/backlinks/service'
import { createBacklinkSection } from './features/backlinks/weekly-section'
import { createCampaignPurge } from './features/campaigns/purge'
import { createCampaigns } from './features/campaigns/service'
import { createSubmissionSection } from './features/campaigns/weekly-section'
import { createDirectories, type DeliveryExample } from './features/directories/service'
import { createProjectAnnouncer } from './features/projects/announcing'
import { createProjects, type Projects } from './features/projects/service'
import { createScans } from './features/scans/service'
import { removeSitesOf } from './features/sites/removal'
import { createSites } from './features/sites/service'
import { createVisibilitySection } from './features/visibility/weekly-section'
import type { Overrides } from './overrides'
import { nextTurn, pause } from './platform/loops'
import type { composeReading } from './workers'

type Reading = ReturnType<typeof composeReading>

/** What websites add to weekly reports, in the order in which it is shown. */
export const websiteSections = ({ db }: Platform) => [
  createBacklinkSection({ db }),
  createSubmissionSection({ db }),
  createVisibilitySection({ db }),
]

/** Websites of clients, and what is done for them. */
export function composeWebsites(
  platform: Platform,
  events: Events,
  people: People,
  reading: Reading,
  { scanPace }: Overrides,
) {
  const { db, clock, internet, publicUrl, loops } = platform
  const { billing, mails, directory: workspaces } = people
  const announce = createProjectAnnouncer(events)
  const campaignPurge = createCampaignPurge({ db, clock, nextTurn })
  const scans = createScans({
    ...{ ...platform, announce, reading, nextTurn, pause, pace: scanPace, workspaces },
    ...{ entitlements: billing, projects: () => projects, wake: () => loops.wake('scans.run') },
  })
  const projects: Projects = createProjects({
    ...{ db, clock, entitlements: billing, announce, scans: scans.port },
    findings: [backlinkFindings, scans.findings],
    removals: [removeSitesOf, scans.removal, campaignPurge.hideProject],
    purgeSteps: [campaignPurge.purgeProject, createBacklinkPurge({ db, nextTurn }), scans.purge],
  })
  const changes = [campaignPurge.noteSiteChange]
  const sites = createSites({ db, clock, internet, entitlements: billing, projects, changes })
  const deliveries: (() => DeliveryExample[])[] = []
  const directories = createDirectories({
    ...{ db, clock, internet, audit: events.audit, entitlements: billing, deliveries },
  })
  db.write((tx) => directories.seed(tx))
  const backlinks = createBacklinks({
    ...{ ...platform, ...events, entitlements: billing, projects, sites, workspaces, announce },
    ...{ nextTurn, reading, wake: () => loops.wake('backlinks.monitor') },
  })
  const campaigns = createCampaigns({
    ...{ db, clock, internet, publicUrl, outbox: events.outbox, mails, workspaces, nextTurn },
    ...{ entitlements: billing, usage: billing.usage, sites, directories, backlinks },
    userAgent: () => userAgentOf(publicUrl()),
    wake: () => loops.wake('submissions'),
  })
  deliveries.push(campaigns.examples)
  /** The one engine of backlink checks, for whoever needs it. */
  const publicCheck = createPublicCheck({ ...platform, nextTurn })
  return { projects, scans, sites, directories, backlinks, campaigns, publicCheck }
}
