import { join } from 'node:path'
import { migrations } from '../db/migrations'
import { createApp } from './app'
import type { Config } from './config'
import { systemClock } from './core/clock'
import { OperatorError } from './core/errors'
import { equalSecrets, randomToken } from './core/secret'
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
import { createEventing } from './features/webhooks/eventing'
import { createWorkspaceDirectory } from './features/workspaces/directory'
import { createGroupQuery } from './features/workspaces/group'
import { createWorkspaces } from './features/workspaces/service'
import { createOperations } from './operations'
import type { Overrides } from './overrides'
import { type AdminSocket, openAdminSocket } from './platform/admin-socket'
import { createBrowser } from './platform/browser'
import { createClientAddress } from './platform/client-address'
import { openDataDir } from './platform/data-dir'
import { createGroupCommit } from './platform/group-commit'
import { createInternet } from './platform/internet'
import { createLogger } from './platform/logger'
import { createLoopRunner, nextTurn } from './platform/loops'
import { createMailer } from './platform/mailer'
import { migrate } from './platform/migrate'
import { createPasswords } from './platform/passwords'
import { createRateLimiter } from './platform/rate-limiter'
import { readOrCreateSecret } from './platform/secret-file'
import { createStorageHealth } from './platform/storage-health'
import { createVault } from './platform/vault'
import { createWriteIntent } from './platform/write-intent'
import { composeLoops, composeProduct, type Product } from './product'
import { createHandler, endWork, listen } from './server'
import { VERSION } from './version'
import { composeFiles } from './workers'

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
  const health = createStorageHealth()
  const { lock, db } = openDataDir(dataDir, { intent, health })
  const appSecret = config.appSecret ?? readOrCreateSecret(dataDir, 'app.secret')
  migrate(db.sqlite, migrations, clock)
  const vault = createVault(appSecret)
  checkAppSecret(db, vault)
  const { guarded, trusted, dns, openProxy } = createInternet({
    ...{ outboundAllow, dnsServers, logger },
    ...{ resolve: overrides.resolve, dns: overrides.dns },
  })
  const browser = createBrowser({
    ...{ chromePath: config.chromePath, directory: join(dataDir, 'browser'), openProxy, logger },
    overrides: overrides.browser,
  })
  let origin = config.publicUrl ?? `http://localhost:${config.port}`
  return {
    ...{ config, clock, logger, lock, appSecret, intent, health, db, vault, dns },
    ...{ internet: guarded, trusted, browser, ...composeFiles(dataDir, health) },
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
    cronSecret: config.cronSecret ?? readOrCreateSecret(dataDir, 'cron.secret'),
    bootId: randomToken(9),
    version: VERSION,
  }
}

/** Events and where they go. */
function composeEvents(platform: Platform) {
  const audit = createAudit(platform)
  return { audit, ...createEventing({ ...platform, audit, nextTurn }) }
}

/** People and what they may do. */
function composePeople(platform: Platform, events: Events) {
  const { audit, outbox, retirement } = events
  const { config, clock, db, vault, publicUrl, passwords, appSecret } = platform
  const users = createUserDirectory({ db, clock })
  const directory = createWorkspaceDirectory({ db })
  const mails = createMailService({ ...platform, audit })
  const ownersOf = (id: string) =>
    directory.ownerIdsOf(id).flatMap((userId) => users.findById(userId) ?? [])
  const billing = createBilling({
    ...{ ...platform, audit, outbox, mails, nextTurn, people: users, stripe: config.stripe },
    workspaces: { ...directory, ownersOf, liveInGroup: createGroupQuery(platform) },
  })
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
    authenticator: {
      ...{ identify, enter: directory.enter, requireFeature: billing.requireFeature },
      isCronSecret: (text: string) => equalSecrets(text, platform.cronSecret),
    },
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
  const { db, loops, accounts, clicks, deliverer, keys, domains, upkeep, logger } = services
  const app = createApp(services)
  upkeep.traffic.learn(app.routes)
  const handler = createHandler({ ...services, ...upkeep, app, guard: domains.serving.guard })
  const operations = createOperations(services)
  let admin: AdminSocket | undefined
  let server: ReturnType<typeof listen> | undefined
  return {
    services,
    app,
    handler,
    operations,
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
      admin = openAdminSocket({ dataDir: config.dataDir, operations, logger })
      return { url: server.url.href }
    },

    /** Begins the work in the background. */
    start(): void {
      deliverer.recover()
      services.browser.sweep()
      clicks.start()
      loops.start()
      // What was missed while nothing ran is made up for at once.
      if (config.cron) for (const { name } of services.schedule.loops) loops.wake(name)
      upkeep.start()
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
        upkeep.stop()
        await admin?.close()
        await endWork({ server, loops, keys, clicks, streams: services.streams }, graceMs)
      } finally {
        await services.reading?.stop()
        db.close()
        platform.lock.release()
      }
    },
  }
}
