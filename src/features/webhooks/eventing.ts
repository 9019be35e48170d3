import type { LoopRunner } from '../../platform/loops'
import { createDeliverer, type DelivererDeps } from './deliverer'
import { createOutbox } from './outbox'
import { type AuditLog, createRetirement } from './retirement'
import { createEventStreams } from './stream'

export type EventingDeps = Omit<DelivererDeps, 'outbox' | 'retirement'> & {
  audit: AuditLog
  loops: Pick<LoopRunner, 'wake'>
}

/** Events from the transaction that causes them to the receivers and listeners that get them. */
export function createEventing(deps: EventingDeps) {
  const { db, clock, loops } = deps
  const streams = createEventStreams(deps)
  function onEnqueued(): void {
    deliverer.wake()
    loops.wake('webhooks.deliver')
  }
  const { afterCommit } = db
  const outbox = createOutbox({ clock, afterCommit, onEnqueued, onWritten: streams.wake })
  const retirement = createRetirement({ ...deps, outbox })
  const deliverer = createDeliverer({ ...deps, outbox, retirement })
  return { outbox, retirement, deliverer, streams, onEnqueued }
}
