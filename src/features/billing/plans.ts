import type { PlanFeature } from '../../core/access'

/** How much of each thing a plan allows; null is unlimited. Months are UTC calendar months. */
export type PlanLimits = {
  /** Live links. */
  links: number | null
  /** Clicks a month. */
  clicks: number | null
  workspaces: number | null
  domains: number | null
  /** Folders, tags and UTM templates, each. */
  labels: number | null
  projects: number | null
  sites: number | null
  backlinks: number | null
  scanPages: number | null
  submissionsMonthly: number | null
  directoryRating: number | null
  prompts: number | null
  answersMonthly: number | null
  members: number | null
  webhookEndpoints: number | null
  keys: number | null
}

export type LimitName = keyof PlanLimits

/** How a limit is spoken of: "The Free plan allows 5 links." */
export const LIMIT_NOUNS: Record<LimitName, { one: string; many: string }> = {
  links: { one: 'link', many: 'links' },
  clicks: { one: 'click a month', many: 'clicks a month' },
  workspaces: { one: 'workspace', many: 'workspaces' },
  domains: { one: 'domain', many: 'domains' },
  labels: { one: 'folder, tag or template', many: 'folders, tags and templates' },
  projects: { one: 'project', many: 'projects' },
  sites: { one: 'site', many: 'sites' },
  backlinks: { one: 'watched backlink', many: 'watched backlinks' },
  scanPages: { one: 'page per scan', many: 'pages per scan' },
  submissionsMonthly: { one: 'submission a month', many: 'submissions a month' },
  directoryRating: { one: 'point of domain rating', many: 'points of domain rating' },
  prompts: { one: 'prompt', many: 'prompts' },
  answersMonthly: { one: 'tracked answer a month', many: 'tracked answers a month' },
  members: { one: 'member', many: 'members' },
  webhookEndpoints: { one: 'webhook endpoint', many: 'webhook endpoints' },
  keys: { one: 'key', many: 'keys' },
}

export type PlanSeed = {
  key: string
  name: string
  /** Minor units. */
  priceMonthlyMinor: number
  limits: PlanLimits
  features: readonly PlanFeature[]
}

export const UNLIMITED: PlanLimits = {
  links: null,
  clicks: null,
  workspaces: null,
  domains: null,
  labels: null,
  projects: null,
  sites: null,
  backlinks: null,
  scanPages: null,
  submissionsMonthly: null,
  directoryRating: null,
  prompts: null,
  answersMonthly: null,
  members: null,
  webhookEndpoints: null,
  keys: null,
}

const CORE_FEATURES = [
  'typed_links',
  'advanced_analytics',
  'link_detail',
  'export',
  'link_rules',
] as const
const CREATOR_FEATURES = [...CORE_FEATURES, 'conversions'] as const
const PRO_FEATURES = [
  ...CREATOR_FEATURES,
  'submissions_api',
  'tracking',
  'domain_metadata',
] as const

/** The plans of a new installation, cheapest first (contract §2). */
export const PLAN_SEEDS: readonly PlanSeed[] = [
  {
    key: 'free',
    name: 'Free',
    priceMonthlyMinor: 0,
    limits: {
      links: 5,
      clicks: 1_000,
      workspaces: 1,
      domains: 0,
      labels: 10,
      projects: 1,
      sites: 1,
      backlinks: 25,
      scanPages: 50,
      submissionsMonthly: 5,
      directoryRating: 30,
      prompts: 3,
      answersMonthly: 30,
      members: 1,
      webhookEndpoints: 1,
      keys: 2,
    },
    features: [],
  },
  {
    key: 'core',
    name: 'Core',
    priceMonthlyMinor: 800,
    limits: {
      links: 100,
      clicks: 50_000,
      workspaces: 3,
      domains: 3,
      labels: 100,
      projects: 3,
      sites: 3,
      backlinks: 250,
      scanPages: 200,
      submissionsMonthly: 50,
      directoryRating: 50,
      prompts: 10,
      answersMonthly: 300,
      members: 3,
      webhookEndpoints: 5,
      keys: 10,
    },
    features: CORE_FEATURES,
  },
  {
    key: 'creator',
    name: 'Creator',
    priceMonthlyMinor: 2_900,
    limits: {
      links: 1_000,
      clicks: 250_000,
      workspaces: 10,
      domains: 10,
      labels: 1_000,
      projects: 10,
      sites: 10,
      backlinks: 1_000,
      scanPages: 500,
      submissionsMonthly: 100,
      directoryRating: 70,
      prompts: 25,
      answersMonthly: 1_000,
      members: 5,
      webhookEndpoints: 10,
      keys: 20,
    },
    features: CREATOR_FEATURES,
  },
  {
    key: 'pro',
    name: 'Pro',
    priceMonthlyMinor: 19_900,
    limits: {
      links: 10_000,
      clicks: 1_000_000,
      workspaces: 50,
      domains: 50,
      labels: null,
      projects: 50,
      sites: 50,
      backlinks: 10_000,
      scanPages: 2_000,
      submissionsMonthly: 500,
      directoryRating: 90,
      prompts: 100,
      answersMonthly: 10_000,
      members: 20,
      webhookEndpoints: 50,
      keys: 50,
    },
    features: PRO_FEATURES,
  },
  {
    key: 'agency',
    name: 'Agency',
    priceMonthlyMinor: 39_900,
    limits: { ...UNLIMITED, scanPages: 5_000 },
    features: [...PRO_FEATURES, 'white_label', 'analyze'],
  },
]
