import { asc, eq, lte } from 'drizzle-orm'
import type { z } from 'zod'
import { actorOf, type PlanFeature, type Principal } from '../../core/access'
import { type Clock, MINUTE } from '../../core/clock'
import { AppError, invalid, notFound } from '../../core/errors'
import { hashToken, randomToken } from '../../core/secret'
import { isSignedByStripe } from '../../core/stripe-signature'
import type { Database, Tx } from '../../platform/database'
import type { Loop } from '../../platform/loops'
import type { Vault } from '../../platform/vault'
import type { Audit } from '../audit/service'
import type { Conversions } from '../conversions/service'
import { Charge, CheckoutSession, Invoice, InvoicePayment, Refund, StripeEvent } from './event'
import { ledger } from './ledger'
import { createRecording, type Outcome, type Place, type Workspace } from './recording'
import { type StripeSourceRow, stripeHeldInvoices, stripeSources } from './table'

export type { Outcome } from './recording'

export type StripeDeps = {
  db: Database
  clock: Clock
  vault: Vault
  audit: Pick<Audit, 'record'>
  publicUrl: () => string
  conversions: Pick<Conversions, 'recordLead' | 'recordSale'>
  directory: { findLive(id: string): Workspace | undefined }
  /** Throws `plan_feature_required`. */
  requireFeature: (workspaceId: string, feature: PlanFeature) => void
}

/** A source with its address, whose token is a secret. */
export type StripeSource = { row: StripeSourceRow; url: string; secretEnd: string | null }

export type Stripe = ReturnType<typeof createStripe>

/** How long a first invoice waits for its checkout. Stripe sends both within seconds. */
const HOLD_MS = 10 * MINUTE
const HELD_AT_ONCE = 50

/** Checked where a token is of nobody, so that it takes as long. */
const NOBODYS_SECRET = `whsec_${randomToken()}`

const contextOf = (workspaceId: string, part: 'token' | 'secret') => `stripe ${part} ${workspaceId}`

/** Stripe as a source of sales and refunds: its signed webhook, per workspace. */
export function createStripe(deps: StripeDeps) {
  const { db, clock, vault, audit, publicUrl, directory, requireFeature } = deps
  const recording = createRecording(deps)

  const find = (tx: Tx, workspaceId: string): StripeSourceRow | undefined =>
    tx.select().from(stripeSources).where(eq(stripeSources.workspaceId, workspaceId)).get()

  function require(tx: Tx, workspaceId: string): StripeSourceRow {
    const row = find(tx, workspaceId)
    if (row) return row
    throw new AppError(
      'not_found',
      'Stripe is not connected to this workspace. PUT here answers the address to give to Stripe.',
    )
  }

  const secretOf = ({ workspaceId, secretSealed }: StripeSourceRow): string | null =>
    secretSealed === null ? null : vault.open(secretSealed, contextOf(workspaceId, 'secret'))

  function present(row: StripeSourceRow): StripeSource {
    const token = vault.open(row.tokenSealed, contextOf(row.workspaceId, 'token'))
    const url = `${publicUrl()}/api/v1/track/providers/stripe/${token}`
    return { row, url, secretEnd: secretOf(row)?.slice(-4) ?? null }
  }

  function record(tx: Tx, principal: Principal, action: string, details: object): void {
    const { workspaceId } = principal
    audit.record(tx, {
      ...{ workspaceId, actor: actorOf(principal), subjectId: workspaceId },
      ...{ action: `stripe.${action}`, details: { ...details } },
    })
  }

  function connect(tx: Tx, workspaceId: string, secretSealed: string | null): StripeSourceRow {
    const token = randomToken()
    const at = clock.now()
    const tokenSealed = vault.seal(token, contextOf(workspaceId, 'token'))
    const times = { createdAt: at, updatedAt: at, lastEventAt: null }
    return tx
      .insert(stripeSources)
      .values({ workspaceId, tokenHash: hashToken(token), tokenSealed, secretSealed, ...times })
      .returning()
      .get()
  }

  /** The workspace of a delivery. Throws `not_found`, `validation_failed`, in the same time. */
  function authenticate(token: string, header: string | null, body: Uint8Array) {
    const hashed = eq(stripeSources.tokenHash, hashToken(token))
    const row = db.read.select().from(stripeSources).where(hashed).get()
    const workspace = row && directory.findLive(row.workspaceId)
    const secret = (row && secretOf(row)) ?? NOBODYS_SECRET
    const isSigned = isSignedByStripe(header ?? '', { body, secret, nowMs: clock.now() })
    if (!row || !workspace) throw notFound('Stripe webhook')
    if (isSigned) return { row, workspace }
    throw invalid(
      'Stripe-Signature',
      row.secretSealed === null
        ? 'The signing secret is not set yet. Send it with PUT /api/v1/track/providers/stripe.'
        : 'The signature is not of this body, not by the signing secret, or older than 5 minutes.',
    )
  }

  /** Runs `work` in one transaction; what can never be recorded is told as ignored. */
  function once(work: (tx: Tx) => Outcome): Outcome {
    try {
      return db.write(work)
    } catch (failure) {
      if (!(failure instanceof AppError) || failure.code !== 'validation_failed') throw failure
      return { outcome: 'ignored', reason: failure.message }
    }
  }

  /** What is to be done about an event. Throws `validation_failed` for a shape that is not its. */
  function workOf({ type, data: { object } }: StripeEvent): (tx: Tx, place: Place) => Outcome {
    switch (type) {
      case 'checkout.session.completed':
      case 'checkout.session.async_payment_succeeded':
        return withObject(CheckoutSession, object, recording.checkout)
      case 'invoice.paid':
        return withObject(Invoice, object, recording.invoice)
      case 'invoice_payment.paid':
        return withObject(InvoicePayment, object, recording.invoicePayment)
      case 'charge.refunded':
        return withObject(Charge, object, recording.chargeRefunded)
      case 'refund.created':
        return withObject(Refund, object, recording.refund)
      default:
        return () => ({ outcome: 'ignored', reason: 'Events of this type are not needed.' })
    }
  }

  return {
    /** How Stripe is connected. Throws `not_found` while it is not. */
    requireSource: ({ workspaceId }: Principal): StripeSource =>
      present(require(db.read, workspaceId)),

    /**
     * Makes the address to give to Stripe, where there is none, and keeps the signing secret that
     * Stripe answers with; without one what is kept stays.
     */
    put(principal: Principal, { signingSecret }: { signingSecret?: string | undefined }) {
      const { workspaceId } = principal
      return db.write((tx) => {
        const before = find(tx, workspaceId)
        const secretSealed =
          signingSecret === undefined
            ? (before?.secretSealed ?? null)
            : vault.seal(signingSecret, contextOf(workspaceId, 'secret'))
        if (before && signingSecret === undefined) return present(before)
        record(tx, principal, before ? 'updated' : 'connected', {
          signingSecret: signingSecret !== undefined,
        })
        if (!before) return present(connect(tx, workspaceId, secretSealed))
        const changes = { secretSealed, updatedAt: clock.now() }
        const own = eq(stripeSources.workspaceId, workspaceId)
        return present(tx.update(stripeSources).set(changes).where(own).returning().get())
      })
    },

    /** Forgets address and secret; what was recorded stays. Throws `not_found`. */
    disconnect(principal: Principal): string {
      const { workspaceId } = principal
      return db.write((tx) => {
        require(tx, workspaceId)
        tx.delete(stripeSources).where(eq(stripeSources.workspaceId, workspaceId)).run()
        record(tx, principal, 'disconnected', {})
        return 'stripe'
      })
    },

    /**
     * Takes a delivery of Stripe's: `body` as it came, `header` its `Stripe-Signature`. Throws
     * `not_found` for an unknown token, `validation_failed` for a bad signature and for a body that
     * is no event, `plan_feature_required`. A thrown one is delivered again for days.
     */
    receive(token: string, header: string | null, body: Uint8Array): Outcome {
      const { row, workspace } = authenticate(token, header, body)
      requireFeature(workspace.id, 'conversions')
      const event = read(StripeEvent, JSON.parse(new TextDecoder().decode(body)))
      const work = workOf(event)
      const place = { workspace, eventId: event.id, now: clock.now() }
      const own = eq(stripeSources.workspaceId, row.workspaceId)
      db.write((tx) => {
        tx.update(stripeSources).set({ lastEventAt: place.now }).where(own).run()
      })
      return once((tx) => work(tx, place))
    },

    /** Records first invoices whose checkout never came: subscriptions made without one. */
    loop: {
      name: 'stripe.held-invoices',
      schedule: { everyMs: MINUTE },
      run(signal) {
        const now = clock.now()
        const due = lte(stripeHeldInvoices.heldAt, now - HOLD_MS)
        for (const row of db.read
          .select()
          .from(stripeHeldInvoices)
          .where(due)
          .orderBy(asc(stripeHeldInvoices.heldAt))
          .limit(HELD_AT_ONCE)
          .all()) {
          if (signal.aborted) return
          const { workspaceId, invoiceId, eventId, invoice } = row
          const workspace = directory.findLive(workspaceId)
          once((tx) => {
            if (!workspace) return { outcome: 'ignored', reason: null }
            return recording.heldInvoice(tx, { workspace, eventId, now }, Invoice.parse(invoice))
          })
          db.write((tx) => ledger.release(tx, workspaceId, invoiceId))
        }
      },
    } satisfies Loop,

    /** Removes all that is kept of a workspace, in chunks. */
    purgeWorkspace(workspaceId: string): void {
      while (db.write((tx) => ledger.purge(tx, workspaceId)));
    },
  }
}

/** An object of Stripe's. Throws `validation_failed` for another shape than the documented one. */
function read<T>(schema: z.ZodType<T>, object: unknown): T {
  const parsed = schema.safeParse(object)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') ?? ''
  throw invalid(field, `This is not what Stripe documents: "${field}" ${issue?.message ?? ''}`)
}

const withObject = <T>(
  schema: z.ZodType<T>,
  object: unknown,
  record: (tx: Tx, place: Place, object: T) => Outcome,
) => {
  const known = read(schema, object)
  return (tx: Tx, place: Place): Outcome => record(tx, place, known)
}
