import type { Events, People, Platform } from './compose'
import { createAdmin } from './features/admin/service'
import { createAnalytics } from './features/analytics/service'
import { createSignInRetention } from './features/auth/retention'
import { createClickReader } from './features/clicks/reader'
import { createClickRetention } from './features/clicks/retention'
import { createClickService } from './features/clicks/service'
import { createConversions } from './features/conversions/service'
import { createImports } from './features/imports/service'
import { createLabels } from './features/labels/service'
import { createLinkCensus } from './features/links/census'
import { createDoor } from './features/links/door'
import { createLogos } from './features/links/logo'
import { createLinkPurge } from './features/links/purge'
import { createLinkSurface } from './features/links/surface'
import { createReports } from './features/reports/service'
import { createSchedule } from './features/schedule/service'
import { createStripe } from './features/stripe/service'
import { createAnswerPurge } from './features/system/answers'
import { createSystemService } from './features/system/service'
import { createWebhookService } from './features/webhooks/service'
import { createWorkspacePurge } from './features/workspaces/purge'
import type { Overrides } from './overrides'
import { databasePathIn } from './platform/data-dir'
import { openGeo } from './platform/geo'
import { nextTurn } from './platform/loops'
import { createAgentClassifier } from './platform/user-agent'
import { composeUpkeep } from './upkeep'
import { VERSION } from './version'
import { composeVisibility } from './visibility'
import { composeWebsites, websiteSections } from './websites'
import { composeClickRunner, composeReading } from './workers'

export type Product = ReturnType<typeof composeProduct>

/** What the people came for. */
export const composeProduct = (
  platform: Platform,
  events: Events,
  people: People,
  overrides: Overrides,
) => {
  const traffic = composeTraffic(platform, events, people, overrides)
  return {
    ...traffic,
    ...composeWebsites(platform, events, people, traffic.reading, overrides),
    ...composeVisibility(platform, events, people, overrides),
  }
}

/** Links, and everything that is known of those who follow them. */
function composeTraffic(
  platform: Platform,
  events: Events,
  people: People,
  { inThread = false, monotonicMs }: Overrides,
) {
  const { clock, db, loops } = platform
  const { outbox } = events
  const { billing, hotLinks, domains, directory: workspaces } = people
  const { dataDir, geoipDb } = platform.config
  const webhooks = createWebhookService({
    ...{ ...platform, ...events, ...people, nextTurn, entitlements: billing },
  })
  const databasePath = databasePathIn(dataDir)
  const reading = composeReading(databasePath, platform.appSecret, inThread)
  const [workspaceIdOf, classify] = [workspaces.idOf, createAgentClassifier()]
  const runner = composeClickRunner({ ...platform, outbox, inThread, databasePath, workspaceIdOf })
  const clicks = createClickService({
    ...{ ...platform, dataDir, runner, classify, nextTurn },
    onRefused: platform.health.noteFailure,
  })
  const labels = createLabels({ db, clock, entitlements: billing })
  const linking = createLinkSurface({
    ...{ ...platform, outbox, clicks, hotLinks, domains, entitlements: billing, labels, nextTurn },
    reading,
  })
  const { links, linkIntake: intake } = linking
  const [census, reader] = [createLinkCensus(db), createClickReader(db)]
  const told = { ...platform, outbox, clicks, census, workspaces, reader, entitlements: billing }
  const [wake, passwords] = [() => loops.wake('imports'), platform.linkPasswords]
  const imports = createImports({ ...told, passwords, intake, labels, nextTurn, wake })
  const conversions = createConversions({ ...told, nextTurn })
  const paid = { ...platform, ...events, conversions, directory: workspaces }
  const stripe = createStripe({ ...paid, requireFeature: billing.requireFeature })
  const analytics = createAnalytics({ ...told, links, conversions, reading })
  const [sections, logos] = [websiteSections(platform), createLogos(platform)]
  const seen = { analytics, conversions, logos, sections, nextTurn }
  const reports = createReports({ ...told, ...events, ...people, ...seen })
  const schedule = createSchedule({ ...platform, renew: billing.renewal, weekly: reports.weekly })
  const redirector = createDoor({
    ...{ ...platform, hotLinks, recorder: clicks.recorder, geo: openGeo(geoipDb, platform.logger) },
    ...{ ...domains.serving, pages: links.pages, meter: clicks.meter, classify },
  })
  const admin = createAdmin({ ...platform, ...events, ...people })
  const upkeep = composeUpkeep({ ...platform, clicks, webhooks, inThread, monotonicMs })
  const [startedAt, { probes }] = [clock.now(), upkeep]
  const system = createSystemService({ db, clock, loops, version: VERSION, startedAt, probes })
  const features = { webhooks, clicks, labels, conversions, analytics, redirector, admin, system }
  return { ...linking, ...features, reading, imports, stripe, upkeep, reports, schedule }
}

/** What goes on in the background. */
export function composeLoops(
  platform: Platform,
  events: Events,
  people: People,
  product: Product,
): void {
  const { clock, db, loops } = platform
  const { mails, keys, sessions, accounts, domains } = people
  const { clicks, webhooks, conversions, imports } = product
  const answerPurge = createAnswerPurge({ db, clock })
  const linkPurge = createLinkPurge({ db, clock, clicks, conversions })
  const workspacePurge = createWorkspacePurge({
    ...{ db, clock },
    steps: [
      ({ id }, signal) => linkPurge.purgeWorkspace(id, signal),
      ({ id }, signal) => imports.purgeWorkspace(id, signal),
      ({ no }, signal) => conversions.upkeep.purgeWorkspace(no, signal),
      ({ no }, signal) => clicks.purgeWorkspace(no, signal),
      ({ id }, signal) => webhooks.purgeWorkspace(id, signal),
      ({ id }, signal) => product.projects.purgeWorkspace(id, signal),
      ({ id }, signal) => product.visibility.purgeWorkspace(id, signal),
      ({ id }) => domains.purgeWorkspace(id),
      ({ id }) => product.stripe.purgeWorkspace(id),
      ({ id }) => people.billing.usage.purgeWorkspace(id),
    ],
  })
  const signInPurge = createSignInRetention({ db, sessions, accounts })
  const purges = [mails.retentionLoop, signInPurge, answerPurge, linkPurge.loop, workspacePurge]
  const works = [mails.loop, keys.loop, domains.loop, product.labelPurge, conversions.upkeep.loop]
  const sending = [
    ...events.deliverer.loops,
    ...webhooks.loops,
    product.stripe.loop,
    ...imports.loops,
    product.projects.loop,
    product.campaigns.loop,
    ...product.scans.loops,
    ...product.analyses.loops,
    product.backlinks.loop,
    ...product.visibility.loops,
  ]
  const keeping = { workspaces: people.directory, retentionDays: platform.config.retentionDays }
  const retention = createClickRetention({ db, clock, nextTurn, ...keeping })
  const scheduled = [
    people.billing.usage.loop,
    ...(platform.config.cron ? product.schedule.loops : []),
  ]
  const upkeep = [...purges, retention, ...product.upkeep.loops]
  for (const loop of [...sending, ...works, ...upkeep, ...scheduled]) loops.add(loop)
}
