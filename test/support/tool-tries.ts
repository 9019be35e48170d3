import type { Inhabitant } from './tenant-rows'

/** How to try a tool on the rows of an inhabitant. */
export type ToolTry = {
  given: (owner: Inhabitant, page: string) => Record<string, unknown>
  /** The GET that answers the same, for tools that read. */
  route?: (owner: Inhabitant) => string
}

const rowOf =
  (template: string) =>
  ({ ids }: Inhabitant): string =>
    ids[template] ?? ''
const link = rowOf('/api/v1/links/{id}')
const project = rowOf('/api/v1/projects/{id}')
const job = rowOf('/api/v1/jobs/{id}')
const submission = rowOf('/api/v1/submissions/{id}')
const backlink = rowOf('/api/v1/backlinks/{id}')
const analysis = rowOf('/api/v1/analyze/{id}')
const run = rowOf('/api/v1/tracking/{id}')
const report = rowOf('/api/v1/reports/{id}')

/**
 * One for each tool there is: a new tool needs an entry here. They are tried in this order, so that
 * what takes something away comes after what looks at it.
 */
export const TRIES: Readonly<Record<string, ToolTry>> = {
  linkjet_projects_list: { given: () => ({}), route: () => '/projects' },
  linkjet_project_create: { given: ({ mark }) => ({ domain: `new.${mark}-tool.example` }) },
  linkjet_project_status_get: {
    given: (owner) => ({ projectId: project(owner) }),
    route: (owner) => `/projects/${project(owner)}/status`,
  },
  project_scan_start: { given: (owner) => ({ projectId: project(owner) }) },
  project_actions_list: {
    given: (owner) => ({ projectId: project(owner) }),
    route: (owner) => `/projects/${project(owner)}/actions`,
  },
  page_analysis_start: { given: ({ mark }) => ({ url: `https://${mark}.example/page` }) },
  page_analysis_get: {
    given: (owner) => ({ analysisId: analysis(owner) }),
    route: (owner) => `/analyze/${analysis(owner)}`,
  },
  links_create: { given: ({ mark }) => ({ url: `https://example.com/${mark}`, title: mark }) },
  link_update: { given: (owner) => ({ id: link(owner), title: `Again ${owner.mark}` }) },
  links_list: { given: () => ({ limit: 5 }), route: () => '/links?limit=5' },
  link_get: { given: (owner) => ({ id: link(owner) }), route: (owner) => `/links/${link(owner)}` },
  link_simulate: { given: (owner) => ({ id: link(owner), country: 'DE' }) },
  folders_list: { given: () => ({}), route: () => '/link_folders' },
  tags_list: { given: () => ({ limit: 1 }), route: () => '/link_tags?limit=1' },
  utm_templates_list: { given: () => ({}), route: () => '/utm_templates' },
  domains_list: { given: () => ({}), route: () => '/domains' },
  analytics_overview: {
    given: () => ({ start: '2026-03-01', end: '2026-03-09', country: '-DE' }),
    route: () => '/analytics/overview?start=2026-03-01&end=2026-03-09&country=-DE',
  },
  analytics_report: {
    given: () => ({ start: '2026-03-01', end: '2026-03-09' }),
    route: () => '/analytics/report?start=2026-03-01&end=2026-03-09',
  },
  conversions_report: {
    given: () => ({ start: '2026-03-01', end: '2026-03-09', attribution: 'first' }),
    route: () => '/conversions/summary?start=2026-03-01&end=2026-03-09&attribution=first',
  },
  sites_list: { given: () => ({}), route: () => '/sites' },
  site_create: { given: ({ mark }) => ({ url: `https://${mark}-tool.example/`, name: mark }) },
  directories_list: {
    given: () => ({ category: 'launch', limit: 3 }),
    route: () => '/directories?category=launch&limit=3',
  },
  prompts_list: { given: () => ({ limit: 2 }), route: () => '/prompts?limit=2' },
  prompt_create: { given: ({ mark }) => ({ text: `Which ${mark} is cheap?` }) },
  visibility_summary: { given: () => ({}), route: () => '/tracking/summary' },
  tracking_estimate: { given: () => ({ platforms: ['local'], samples: 1 }) },
  tracking_start: { given: () => ({ platforms: ['local'], samples: 1 }) },
  tracking_runs_list: { given: () => ({ limit: 2 }), route: () => '/tracking?limit=2' },
  tracking_run_get: {
    given: (owner) => ({ id: run(owner) }),
    route: (owner) => `/tracking/${run(owner)}`,
  },
  tracking_answers_list: {
    given: (owner) => ({ id: run(owner), limit: 2 }),
    route: (owner) => `/tracking/${run(owner)}/answers?limit=2`,
  },
  jobs_list: { given: () => ({ limit: 2 }), route: () => '/jobs?limit=2' },
  job_create: {
    given: ({ ids }) => ({ site_id: ids['/api/v1/sites/{id}'], directory_ids: [50] }),
  },
  job_get: { given: (owner) => ({ id: job(owner) }), route: (owner) => `/jobs/${job(owner)}` },
  submissions_list: {
    given: (owner) => ({ job_id: job(owner), limit: 2 }),
    route: (owner) => `/jobs/${job(owner)}/submissions?limit=2`,
  },
  submission_get: {
    given: (owner) => ({ id: submission(owner) }),
    route: (owner) => `/submissions/${submission(owner)}`,
  },
  submission_update: {
    given: (owner) => ({ id: submission(owner), status: 'withdrawn' }),
  },
  job_cancel: { given: (owner) => ({ id: job(owner) }) },
  backlinks_check: { given: (_owner, page) => ({ domain: 'example.com', urls: [page] }) },
  backlinks_list: { given: () => ({ limit: 5 }), route: () => '/backlinks?limit=5' },
  backlink_get: {
    given: (owner) => ({ id: backlink(owner) }),
    route: (owner) => `/backlinks/${backlink(owner)}`,
  },
  backlinks_watch: {
    given: (owner) => ({
      ...{ project_id: project(owner), urls: [`https://${owner.mark}-tool.example/listing`] },
    }),
  },
  reports_list: { given: () => ({}), route: () => '/reports' },
  report_get: {
    given: (owner) => ({ id: report(owner) }),
    route: (owner) => `/reports/${report(owner)}`,
  },
  workspaces_list: { given: () => ({}), route: () => '/workspaces' },
}
