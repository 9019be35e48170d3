import { type AnyElysia, Elysia } from 'elysia'
import type { Services } from './compose'
import { coveragePageRoutes } from './dashboard/coverage-page'
import { projectPagesRoutes } from './dashboard/project-routes'
import { landingRoutes, notFoundPage, shellOf } from './dashboard/routes'
import { accountRoutes } from './features/accounts/routes'
import { adminRoutes } from './features/admin/routes'
import { analysisRoutes } from './features/analysis/routes'
import { analyticsRoutes, clickDetailRoutes } from './features/analytics/routes'
import { adminAuditRoutes } from './features/audit/routes'
import { authRoutes, sessionRoutes, tokenRoutes } from './features/auth/routes'
import { backlinkCheckRoutes } from './features/backlinks/check-routes'
import { backlinkPageRoutes } from './features/backlinks/page-routes'
import { backlinksRoutes } from './features/backlinks/routes'
import { BACKLINK_WORDS } from './features/backlinks/wording'
import { adminPlansRoutes } from './features/billing/admin-routes'
import { adminInvoicesRoutes, adminSubscriptionsRoutes } from './features/billing/collecting-routes'
import { payingRoutes } from './features/billing/paying-routes'
import { meRoutes, plansRoutes } from './features/billing/routes'
import { billingRoutes } from './features/billing/subscription-routes'
import { jobsRoutes, submissionsRoutes } from './features/campaigns/routes'
import { conversionRoutes } from './features/conversions/report-routes'
import { trackRoutes } from './features/conversions/routes'
import { adminDirectoriesRoutes, directoriesRoutes } from './features/directories/routes'
import { domainsRoutes, tlsCheckRoutes } from './features/domains/routes'
import { importsRoutes } from './features/imports/routes'
import { keysRoutes } from './features/keys/routes'
import { labelRoutes } from './features/labels/routes'
import { linkBulkRoutes } from './features/links/bulk-routes'
import { linkExportRoutes } from './features/links/export-routes'
import { linkHistoryRoutes } from './features/links/history-routes'
import { linkQrRoutes, publicQrRoutes } from './features/links/qr-routes'
import { linksRoutes } from './features/links/routes'
import { linkSimulationRoutes } from './features/links/simulation-routes'
import { mailsRoutes } from './features/mails/routes'
import { mcpRoutes } from './features/mcp/routes'
import { createMcp } from './features/mcp/service'
import { projectsRoutes } from './features/projects/routes'
import { reportPageRoutes } from './features/reports/page-routes'
import { reportsRoutes } from './features/reports/routes'
import { scansRoutes } from './features/scans/routes'
import { adminCronRunsRoutes, cronRoutes } from './features/schedule/routes'
import { sitesRoutes } from './features/sites/routes'
import { stripeRoutes } from './features/stripe/routes'
import { docsRoutes } from './features/system/docs'
import { systemRoutes } from './features/system/routes'
import { trackerRoutes } from './features/tracker/routes'
import { competitorsRoutes, promptsRoutes } from './features/visibility/routes'
import { trackingRoutes } from './features/visibility/tracking-routes'
import { webhooksRoutes } from './features/webhooks/routes'
import { adminWorkspacesRoutes } from './features/workspaces/admin-routes'
import { invitationsRoutes, workspacesRoutes } from './features/workspaces/routes'
import { createAccess } from './http/access'
import { createErrorEncoder, type ErrorGroups, normaliseError } from './http/errors'
import { createMethodTable } from './http/methods'
import { createDocument, type OpenApiDocument } from './http/openapi'
import { createRateGate } from './http/rate-limit'
import { contextOf } from './http/request-context'
import { createTools } from './tools'
import { VERSION } from './version'

/** The form of `error` by route group (contract §1); everywhere else it is the code. */
const ERROR_GROUPS: ErrorGroups = [
  ...['/workspaces', '/keys', '/prompts', '/competitors', '/tracking', '/analyze'].map((path) => ({
    prefix: `/api/v1${path}`,
    form: 'sentence' as const,
  })),
  ...[
    '/auth',
    '/users/me',
    '/sites',
    '/directories',
    '/jobs',
    '/submissions',
    '/backlinks',
    '/api-keys',
  ].map((path) => ({ prefix: `/api/v1${path}`, form: 'object' as const })),
]

const TAGS = {
  Account: 'The signed-in person: profile, password, second factor, plan and usage.',
  Administration: 'For superadmins: users, plans, workspaces, audit log, mails.',
  Analytics: 'Clicks over time and by link, place, origin and device; exports.',
  Assistants: 'What language models can do here, by the Model Context Protocol.',
  Authentication: 'Tokens, sign-up, proof of an address, forgotten passwords.',
  Backlinks: 'Pages elsewhere that link, or should link, to a website, and the evidence.',
  'Brand analysis': 'What a page shows, measured, and apart from that judged.',
  Billing: 'The subscription of a workspace, its invoices and what is used of its limits.',
  Campaigns: 'Sites submitted to directories: jobs, submissions and their evidence.',
  Conversions: 'Leads, sales and refunds, their customers and the links they are owed to.',
  Directories: 'Places that list websites, and how a website gets in.',
  Documentation: 'This document.',
  Domains: 'Hosts of your own that serve short links, and the DNS records they need.',
  Events: 'Everything that happened in a workspace, as a feed and as webhooks.',
  Folders: 'Folders that links are in, one at most each.',
  Imports: 'Links from files of other systems: planned first, then done.',
  Keys: 'Secret keys with scopes, and publishable keys.',
  Links: 'Short links and their clicks.',
  Members: 'Who sits in a workspace, and invitations.',
  Plans: 'The catalogue of plans.',
  Projects: 'Websites of clients: how far their set-up is, and what is next for them.',
  Reports: 'What each week was, stored, mailed, and shown to people without an account.',
  Schedule: 'What comes due by the calendar, for a scheduler outside.',
  Session: 'The cookie session of the dashboard.',
  Sites: 'What directories are told of a project.',
  Tags: 'Tags that links have, any number each.',
  'UTM templates': 'Sets of UTM parameters to be copied to links.',
  Visibility: 'How often AI engines name the brand: prompts, competitors, runs and answers.',
  Webhooks: 'Destinations of events, what was delivered and what failed.',
  Workspaces: 'Tenants: usually one per client.',
}

/** What is answered in front of the router, for the sake of 405. */
const REDIRECT_ROUTES = ['/:slug', '/l/:slug'].map((path) => ({ method: 'GET', path }))

const wantsPage = ({ headers }: Request): boolean =>
  headers.get('accept')?.includes('text/html') ?? false

/** Websites of clients, and what is done for them. */
const WEBSITE_ROUTES = [
  projectsRoutes,
  scansRoutes,
  sitesRoutes,
  directoriesRoutes,
  jobsRoutes,
  submissionsRoutes,
  backlinkCheckRoutes,
  backlinksRoutes,
  analysisRoutes,
  promptsRoutes,
  competitorsRoutes,
  trackingRoutes,
] as const

/** What superadmins alone may call. */
const OPERATOR_ROUTES = [
  adminRoutes,
  adminPlansRoutes,
  adminInvoicesRoutes,
  adminSubscriptionsRoutes,
  adminWorkspacesRoutes,
  adminAuditRoutes,
  adminDirectoriesRoutes,
  adminCronRunsRoutes,
  mailsRoutes,
] as const

type PageDeps = Parameters<typeof trackerRoutes>[0] &
  Parameters<typeof landingRoutes>[0] &
  Parameters<typeof coveragePageRoutes>[0] &
  Parameters<typeof reportPageRoutes>[0] &
  Omit<Parameters<typeof backlinkPageRoutes>[0], 'shell'> &
  Parameters<typeof publicQrRoutes>[0]

/** What is for people and pages without an account, outside of the API. */
const pageRoutes = (deps: PageDeps): AnyElysia =>
  new Elysia({ name: 'pages' })
    .use(trackerRoutes(deps))
    .use(landingRoutes(deps))
    .use(coveragePageRoutes(deps))
    .use(projectPagesRoutes({ ...deps, backlinkWords: BACKLINK_WORDS }))
    .use(reportPageRoutes(deps))
    .use(backlinkPageRoutes({ ...deps, shell: shellOf(deps.version) }))
    .use(publicQrRoutes(deps))

export type App = ReturnType<typeof createApp>

/** The HTTP map: errors → gate → API → documents → pages. Redirects are answered before it. */
export function createApp(services: Services) {
  const { logger, limiter, authenticator, answers, commit, receiveUpload } = services
  const rates = createRateGate(limiter)
  const access = createAccess({ auth: authenticator, rates, answers, commit, receiveUpload })
  const encode = createErrorEncoder({ logger, groups: ERROR_GROUPS })
  const deps = { ...services, access, rates }

  // Without the types of all routes: they add up to more than the compiler follows.
  const api: AnyElysia = new Elysia({ prefix: '/api/v1' })
  api.use(authRoutes(deps))
  api.use(accountRoutes(deps))
  api.use(workspacesRoutes(deps))
  api.use(invitationsRoutes(deps))
  api.use(keysRoutes(deps, '/keys'))
  api.use(keysRoutes(deps, '/api-keys'))
  api.use(plansRoutes(deps))
  api.use(meRoutes(deps))
  api.use(billingRoutes(deps))
  api.use(payingRoutes(deps))
  api.use(linksRoutes(deps))
  api.use(linkBulkRoutes(deps))
  api.use(importsRoutes(deps))
  api.use(linkExportRoutes(deps))
  api.use(labelRoutes(deps))
  api.use(linkHistoryRoutes(deps))
  api.use(linkSimulationRoutes(deps))
  api.use(linkQrRoutes(deps))
  api.use(domainsRoutes(deps))
  api.use(clickDetailRoutes(deps))
  api.use(analyticsRoutes(deps))
  api.use(trackRoutes(deps))
  api.use(conversionRoutes(deps))
  api.use(stripeRoutes(deps))
  api.use(reportsRoutes(deps))
  for (const routes of WEBSITE_ROUTES) api.use(routes(deps))
  api.use(webhooksRoutes(deps))
  for (const routes of OPERATOR_ROUTES) api.use(routes(deps))

  const mcp = createMcp({ tools: createTools(services), logger, version: VERSION })
  let made: OpenApiDocument | undefined
  /** Made when first asked for: it takes longer than the rest of the start. */
  function document(): OpenApiDocument {
    made ??= createDocument(app.routes, { version: VERSION, groups: ERROR_GROUPS, tags: TAGS })
    return made
  }

  // By default the router takes hosts shorter than `a.bc` for a part of the path: `http://go/`.
  const app = new Elysia({ handler: { standardHostname: false } })
    .onError(async ({ error, code, request }) => {
      const { pathname } = new URL(request.url)
      if (code === 'NOT_FOUND' && pathname.startsWith('/api/')) {
        // Guessing addresses uses up a budget, but never turns a 404 into a 429.
        await rates.spendForAddress(contextOf(request)).catch(() => undefined)
      }
      const refusal = code === 'NOT_FOUND' ? refusalFor(pathname) : undefined
      const isPage = !pathname.startsWith('/api/') && wantsPage(request)
      if (code === 'NOT_FOUND' && !refusal && isPage) return notFoundPage()
      return encode(request, refusal ?? normaliseError(error, code))
    })
    .use(tokenRoutes(deps))
    .use(sessionRoutes(deps))
    .use(cronRoutes(deps))
    .use(mcpRoutes({ ...deps, mcp }))
    .use(api)
    .use(systemRoutes({ ...deps, metricsToken: services.config.metricsToken }))
    .use(tlsCheckRoutes(deps))
    .use(docsRoutes({ access, enabled: services.config.docs, document }))
    .use(pageRoutes(deps))

  const refusalFor = createMethodTable([...app.routes, ...REDIRECT_ROUTES])
  return Object.assign(app, { document, encode })
}
