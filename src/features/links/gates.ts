import type { SpotVerdict } from '../clicks/service'
import type { HotLink } from './hot-links'

/** What stands between a visitor and a link besides its times. */
export type LinkGates = {
  /**
   * Undefined when the clicks of a limited link are known, which they then are for this turn; else
   * settles when it is worth asking again. Asked before anything else of links with a limit.
   */
  whenKnown(link: HotLink): Promise<void> | undefined
  /** Whether all clicks that a link allows are used up. Asked only of links with a limit. */
  isUsedUp(link: HotLink, request: Request): boolean
  /** Whether a visitor still owes the password. Asked only of links with one. */
  isLocked(link: HotLink, request: Request): boolean
  /** What a visitor sees who owes the password. */
  challenge(link: HotLink, request: Request): Response | Promise<Response>
  /** The answer to the password that a visitor, known by the address, has sent. */
  enter(link: HotLink, request: Request, address: string): Promise<Response>
  /** Takes a click of a limited link for a visit that is about to be recorded. */
  take(link: HotLink, visit: GatedVisit): TakenClick
  /** Lets the visitor of a limited page, which was counted, fetch the file that belongs to it. */
  letToCard(link: HotLink, request: Request, page: Response): void
  /** Whether a visitor was let to the file of a limited page. */
  isLetToCard(link: HotLink, request: Request): boolean
}

/** What of a visit decides whether it is a click. */
export type GatedVisit = {
  readonly isHead: boolean
  readonly isPrefetch: boolean
  readonly userAgent: string
}

/** What a visit was taken for; `giveBack` where it took a click, for when storage refuses it. */
export type TakenClick = { verdict?: SpotVerdict; giveBack?: () => void }

/** Lets everybody through. */
export const OPEN_GATES: LinkGates = {
  whenKnown: () => undefined,
  isUsedUp: () => false,
  isLocked: () => false,
  challenge: () => new Response(null, { status: 403 }),
  enter: async () => new Response(null, { status: 403 }),
  take: () => ({}),
  letToCard() {},
  isLetToCard: () => true,
}
