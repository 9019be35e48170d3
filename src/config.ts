import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { OperatorError } from './core/errors'
import { ENGINE_VARIABLES, type EnginesConfig, engineProblems, enginesOf } from './engines-config'
import { isAllowItem } from './platform/destination'
import { isCronPattern } from './platform/timetable'

const onOff = (fallback: 'on' | 'off') =>
  z
    .enum(['on', 'off'], { error: 'must be "on" or "off"' })
    .default(fallback)
    .transform((value) => value === 'on')

const cidr = (text: string): boolean => {
  try {
    if (text.includes('/')) ipaddr.parseCIDR(text)
    else ipaddr.parse(text)
    return true
  } catch {
    return false
  }
}

/** What `dns.setServers` takes: an address, with a port or without. */
const dnsServer = (text: string): boolean =>
  ipaddr.isValid(text.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1'))

const list = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))

const webUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http or https URL',
  )
  .refine(
    (text) => !URL.canParse(text) || /^\w+:\/+[^/?#@\\]+\/*$/.test(text),
    'must be an origin such as https://links.example.com, without path or user name',
  )
  .transform((text) => new URL(text).origin)

/** `03:30` as the cron pattern of every day at that time; anything else as it is. */
const cronOf = (text: string): string => {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim()) ?? []
  return hour === undefined ? text : `${Number(minute)} ${Number(hour)} * * *`
}

const Environment = z.object({
  ...ENGINE_VARIABLES,
  PORT: z.coerce
    .number('must be a port number')
    .int('must be a port number')
    .min(0, 'must be from 0 to 65535')
    .max(65_535, 'must be from 0 to 65535')
    .default(3000),
  HOST: z.string().default('0.0.0.0'),
  DATA_DIR: z.string().default('./data'),
  PUBLIC_URL: webUrl.optional(),
  APP_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  CRON_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  CRON: onOff('on'),
  ADMIN_EMAIL: z.email('must be an e-mail address').optional(),
  ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').max(256).optional(),
  SIGNUP: z
    .enum(['invite', 'open', 'closed'], { error: 'must be "invite", "open" or "closed"' })
    .default('invite'),
  DEFAULT_PLAN: z.string().toLowerCase().default('free'),
  TRUST_PROXY: list.refine((items) => items.every(cidr), 'must be addresses or CIDR ranges'),
  OUTBOUND_ALLOW: list.refine(
    (items) => items.every(isAllowItem),
    'must be CIDR ranges, hosts or host:port',
  ),
  SMTP_URL: z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^smtps?:$/.test(new URL(text).protocol),
      'must be an smtp:// or smtps:// URL',
    )
    .optional(),
  MAIL_FROM: z
    .string()
    .regex(
      /^([^<>,;@\r\n]*<[^\s<>,;@]+@[^\s<>,;@]+>|[^\s<>,;@]+@[^\s<>,;@]+)$/,
      'must be an address, or a name and an address as in Linkstead <links@example.com>',
    )
    .default('Linkstead <linkstead@localhost>'),
  GEOIP_DB: z.string().optional(),
  CHROME_PATH: z.string().optional(),
  METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], {
      error: 'must be debug, info, warn, error or silent',
    })
    .default('info'),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^[sr]k_\w+$/, 'must be a secret or restricted key, sk_… or rk_…')
    .optional(),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_\S+$/, 'must be the signing secret of the webhook, whsec_…')
    .optional(),
  STRIPE_BASE_URL: webUrl.default('https://api.stripe.com'),
  RETENTION_DAYS: z.coerce.number('must be a number of days').int().min(1).optional(),
  DOCS: onOff('on'),
  RATE_LIMITS: onOff('on'),
  DNS_SERVERS: list.refine((items) => items.every(dnsServer), 'must be addresses'),
  BACKUP_DIR: z.string().optional(),
  BACKUP_KEEP: z.coerce.number('must be a number of backups').int().min(1).max(10_000).default(7),
  BACKUP_AT: z
    .string()
    .default('03:30')
    .transform(cronOf)
    .refine(
      isCronPattern,
      'must be a time such as 03:30 (UTC), or a cron pattern such as 0 */6 * * *',
    ),
  BALLAST_MB: z.coerce.number('must be a number of MiB').int().min(0).max(10_240).default(96),
})

/** Everything that the operator decided, validated and frozen. */
export type Config = Readonly<{
  port: number
  host: string
  /** Absolute path. */
  dataDir: string
  /** Origin without a trailing slash; null means `http://localhost:PORT`, known once listening. */
  publicUrl: string | null
  appSecret: string | null
  cronSecret: string | null
  cron: boolean
  adminEmail: string | null
  adminPassword: string | null
  signup: 'invite' | 'open' | 'closed'
  defaultPlan: string
  trustProxy: readonly string[]
  outboundAllow: readonly string[]
  smtpUrl: string | null
  mailFrom: string
  geoipDb: string | null
  /** Null looks where Chromium is usually installed. */
  chromePath: string | null
  metricsToken: string | null
  /** Null where invoices are not paid through Stripe. */
  stripe: { secretKey: string; webhookSecret: string; baseUrl: string } | null
  engines: EnginesConfig
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  retentionDays: number | null
  docs: boolean
  rateLimits: boolean
  dnsServers: readonly string[]
  /** Scheduled backups: absolute path, how many are kept, when (cron, UTC); null for none. */
  backups: { directory: string; keep: number; cron: string } | null
  /** Room on the disk that is given up when it is full; 0 for none. */
  ballastBytes: number
}>

/** A bad environment: one line per bad variable, ready to be printed. */
export class ConfigError extends OperatorError {
  override readonly name = 'ConfigError'
}

type Variables = Record<string, string | undefined>

/** Reads `NAME` or the file that `NAME_FILE` names; an empty variable counts as unset. */
function readVariables(env: Variables, problems: string[]): Variables {
  const values: Variables = {}
  for (const name of Object.keys(Environment.shape)) {
    const direct = env[name]
    const file = env[`${name}_FILE`]
    if (direct) values[name] = direct
    else if (file) {
      try {
        values[name] = readFileSync(file, 'utf8').trim() || undefined
      } catch {
        problems.push(`${name}_FILE: cannot read ${file}`)
      }
    }
  }
  return values
}

function stripeOf(value: z.infer<typeof Environment>): Config['stripe'] {
  const secretKey = value.STRIPE_SECRET_KEY
  const webhookSecret = value.STRIPE_WEBHOOK_SECRET
  if (secretKey === undefined || webhookSecret === undefined) return null
  return { secretKey, webhookSecret, baseUrl: value.STRIPE_BASE_URL }
}

/** Validates an environment. Throws {@link ConfigError} that names every bad variable at once. */
export function readConfig(env: Variables = process.env): Config {
  const problems: string[] = []
  const values = readVariables(env, problems)
  const parsed = Environment.safeParse(values)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      problems.push(`${issue.path.join('.')}: ${issue.message}`)
    }
  }
  if ((values.ADMIN_EMAIL === undefined) !== (values.ADMIN_PASSWORD === undefined)) {
    problems.push('ADMIN_EMAIL and ADMIN_PASSWORD: set both or neither')
  }
  if ((values.STRIPE_SECRET_KEY === undefined) !== (values.STRIPE_WEBHOOK_SECRET === undefined)) {
    problems.push('STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET: set both or neither')
  }
  if (parsed.success) problems.push(...engineProblems(parsed.data))
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.join('\n'))
  const value = parsed.data
  return Object.freeze({
    port: value.PORT,
    host: value.HOST,
    dataDir: resolve(value.DATA_DIR),
    publicUrl: value.PUBLIC_URL ?? null,
    appSecret: value.APP_SECRET ?? null,
    cronSecret: value.CRON_SECRET ?? null,
    cron: value.CRON,
    adminEmail: value.ADMIN_EMAIL?.toLowerCase() ?? null,
    adminPassword: value.ADMIN_PASSWORD ?? null,
    signup: value.SIGNUP,
    defaultPlan: value.DEFAULT_PLAN,
    trustProxy: value.TRUST_PROXY,
    outboundAllow: value.OUTBOUND_ALLOW,
    smtpUrl: value.SMTP_URL ?? null,
    mailFrom: value.MAIL_FROM,
    geoipDb: value.GEOIP_DB ?? null,
    chromePath: value.CHROME_PATH ?? null,
    metricsToken: value.METRICS_TOKEN ?? null,
    stripe: stripeOf(value),
    engines: enginesOf(value),
    logLevel: value.LOG_LEVEL,
    retentionDays: value.RETENTION_DAYS ?? null,
    docs: value.DOCS,
    rateLimits: value.RATE_LIMITS,
    dnsServers: value.DNS_SERVERS,
    backups: value.BACKUP_DIR
      ? { directory: resolve(value.BACKUP_DIR), keep: value.BACKUP_KEEP, cron: value.BACKUP_AT }
      : null,
    ballastBytes: value.BALLAST_MB * 1024 * 1024,
  })
}
