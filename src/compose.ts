import { migrations } from '../db/migrations'
import { createApp } from './app'
import type { Config } from './config'
import { type Clock, systemClock } from './core/clock'
import { OperatorError } from './core/errors'
import { randomToken } from './core/secret'
import { createUserDirectory } from './features/accounts/directory'
import { createAccountService } from './features/accounts/service'
import { createAudit } from './features/audit/service'
import { createAuthenticator } from './features/auth/authenticator'
import { createAuthService } from './features/auth/service'
import { createSessions } from './features/auth/sessions'
import { createTokens } from './features/auth/tokens'
import { createBilling } from './features/billing/service'
import { createDomains } from './features/domains/service'
import { createKeys } from './features/keys/service'
import { createHotLinks } from './features/links/hot-links'
import { linksOnHosts } from './features/links/on-host'
import { LINK_PASSWORD_COST } from './features/links/password-input'
import { createMailService } from './features/mails/service'
import { createAnswerStore } from './features/system/answers'
import { checkAppSecret } from './features/system/installation'
import { createDeliverer } from './features/webhooks/deliverer'
import { createOutbox } from './features/webhooks/outbox'
import { createRetirement } from './features/webhooks/retirement'
import { createWorkspaceDirectory } from './features/workspaces/directory'
import { createWorkspaces } from './features/workspaces/service'
import { createClientAddress } from './platform/client-address'
import { openDataDir } from './platform/data-dir'
import type { DnsRecords } from './platform/dns'
import { createGroupCommit } from './platform/group-commit'
import { createInternet } from './platform/internet'
import { createLogger, type Logger } from './platform/logger'
import { createLoopRunner, nextTurn } from './platform/loops'
import { createMailer, type Mailer } from './platform/mailer'
import { migrate } from './platform/migrate'
import { createPasswords, type PasswordOptions } from './platform/passwords'
import { createRateLimiter } from './platform/rate-limiter'
import { readOrCreateSecret } from './platform/secret-file'
import { createVault } from './platform/vault'
import { createWriteIntent } from './platform/write-intent'
import { composeLoops, composeProduct, type Product } from './product'
import { createHandler, endWork, listen } from './server'
import { VERSION } from './version'
import { composeFiles } from './workers'

/** What tests put in place of the world. */
export type Overrides = {
  clock?: Clock
  logger?: Logger
  /** Names to addresses, in place of DNS. */
  resolve?: (host: string) => Promise<string[]>
  /** Records of names, in place of DNS. */
  dns?: DnsRecords
  mailer?: Mailer
  passwordCost?: PasswordOptions
  /** Expand clicks in this thread, when asked to by `drain`, instead of in a Worker. */
  inThread?: boolean
}

export type Platform = ReturnType<typeof composePlatform>
export type Events = ReturnType<typeof composeEvents>
export type People = ReturnType<typeof composePeople>
export type Services = Platform & Events & People & Product
export type Runtime = ReturnType<typeof compose>

/** Effects: the file, the clock, the way out. */
function composePlatform(config: Config, overrides: Overrides) {
  const { dataDir, outboundAllow, dnsServers, smtpUrl, mailFrom } = config
  const clock = overrides.clock ?? systemClock
  const logger = overrides.logger ?? createLogger(config.logLevel)
  const intent = createWriteIntent()
  const { lock, db } = openDataDir(dataDir, intent)
  const appSecret = config.appSecret ?? readOrCreateSecret(dataDir, 'app.secret')
  migrate(db.sqlite, migrations, clock)
  const vault = createVault(appSecret)
  checkAppSecret(db, vault)
  const { guarded, dns } = createInternet({
    ...{ outboundAllow, dnsServers, logger },
    ...{ resolve: overrides.resolve, dns: overrides.dns },
  })
  let origin = config.publicUrl ?? `http://localhost:${config.port}`
  return {
    ...{ config, clock, logger, lock, appSecret, intent, db, vault, dns, internet: guarded },
    ...composeFiles(dataDir),
    commit: createGroupCommit(db),
    publicUrl: () => origin,
    /** The port is known only once it listens, when it was 0. */
    setPort(port: number) {
      origin = config.publicUrl ?? `http://localhost:${port}`
    },
    mailer: overrides.mailer ?? createMailer({ smtpUrl, from: mailFrom }),
    passwords: createPasswords(overrides.passwordCost),
    linkPasswords: createPasswords(overrides.passwordCost ?? LINK_PASSWORD_COST),
    limiter: createRateLimiter(config.rateLimits),
    loops: createLoopRunner({ clock, logger }),
    addressOf: createClientAddress(config.trustProxy),
    bootId: randomToken(9),
    version: VERSION,
  }
}

/** Events and where they go. */
function composeEvents(platform: Platform) {
  const { clock, db, loops } = platform
  const audit = createAudit({ db, clock })
  const onEnqueued = () => {
    deliverer.wake()
    loops.wake('webhooks.deliver')
  }
  const outbox = createOutbox({ clock, afterCommit: db.afterCommit, onEnqueued })
  const retirement = createRetirement({ db, clock, outbox, audit })
  const deliverer = createDeliverer({ ...platform, retirement, nextTurn })
  return { audit, outbox, retirement, deliverer, onEnqueued }
}

/** People and what they may do. */
function composePeople(platform: Platform, events: Events) {
  const { audit, retirement } = events
  const { config, clock, db, vault, publicUrl, passwords, appSecret } = platform
  const users = createUserDirectory({ db, clock })
  const directory = createWorkspaceDirectory({ db })
  const mails = createMailService({ ...platform, audit })
  const billing = createBilling({ db, clock, audit, workspaces: directory })
  db.write((tx) => billing.seedPlans(tx))
  if (!billing.findPlan(config.defaultPlan)) {
    throw new OperatorError(`DEFAULT_PLAN: there is no plan named "${config.defaultPlan}".`)
  }
  const hotLinks = createHotLinks(db)
  const links = linksOnHosts(publicUrl)
  const domains = createDomains({ ...platform, ...events, entitlements: billing, links })
  const workspaces = createWorkspaces({
    ...{ db, clock, directory, billing, audit, people: users, mails, publicUrl },
    defaultPlan: config.defaultPlan,
    endpoints: retirement,
    visibilityChanged() {
      hotLinks.clear()
      domains.reload()
    },
  })
  const sessions = createSessions({ db, clock })
  const accounts = createAccountService({
    ...{ db, clock, vault, passwords, publicUrl, users, mails, sessions, workspaces, audit },
    invitations: workspaces.invitations,
    signup: config.signup,
  })
  const tokens = createTokens({ appSecret, clock })
  const auth = createAuthService({ db, clock, passwords, tokens, sessions, accounts, audit })
  const keys = createKeys({ db, clock, users, audit, entitlements: billing })
  const { identify } = createAuthenticator({ tokens, sessions, accounts, keys, publicUrl })
  return {
    ...{ users, directory, mails, billing, hotLinks, domains, workspaces, sessions, accounts },
    ...{ auth, keys, answers: createAnswerStore({ db, clock, vault }) },
    authenticator: { identify, enter: directory.enter, requireFeature: billing.requireFeature },
  }
}

/** Everything that runs. Nothing listens and nothing ticks until told. */
export function compose(config: Config, overrides: Overrides = {}) {
  const platform = composePlatform(config, overrides)
  const events = composeEvents(platform)
  const people = composePeople(platform, events)
  const product = composeProduct(platform, events, people, overrides)
  composeLoops(platform, events, people, product)
  const services: Services = { ...platform, ...events, ...people, ...product }
  const { clock, db, loops, redirector, addressOf, accounts, clicks, deliverer, keys, domains } =
    services
  const app = createApp(services)
  const handler = createHandler({ app, redirector, guard: domains.serving.guard, addressOf, clock })
  let server: ReturnType<typeof listen> | undefined
  return {
    services,
    app,
    handler,
    /**
     * Creates the superadmin that the configuration names, if there is none yet; else answers
     * where to make the first account, or null when there is one.
     */
    async firstStart(): Promise<string | null> {
      const first = await accounts.ensureFirstSuperadmin(config)
      return first.state === 'waiting' ? first.setupUrl : null
    },

    /** Begins to answer. Returns the address that it listens on. */
    listen(): { url: string } {
      server = listen({ port: config.port, hostname: config.host, handler })
      platform.setPort(server.port ?? config.port)
      return { url: server.url.href }
    },

    /** Begins the work in the background. */
    start(): void {
      deliverer.recover()
      clicks.start()
      loops.start()
    },

    /** Does what is due now: clicks counted, events and mails sent. */
    async drain(): Promise<void> {
      await clicks.drain()
      await loops.run('webhooks.deliver')
      await loops.run('mails')
    },

    /** Answers what is under way, stores what was answered, lets go of the file. */
    async stop(graceMs: number): Promise<void> {
      try {
        await endWork({ server, loops, keys, clicks }, graceMs)
      } finally {
        await services.reading?.stop()
        db.close()
        platform.lock.release()
      }
    },
  }
}
