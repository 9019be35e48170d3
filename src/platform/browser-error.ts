/** Why a browser could not show a page. */
export type BrowserReason =
  /** None is installed, or it does not start. */
  | 'no_browser'
  /** It runs only without its sandbox, and so not here. */
  | 'no_sandbox'
  /** It took longer than it may. */
  | 'timeout'
  /** It took more memory than it may. */
  | 'memory'
  /** It said more than is taken in. */
  | 'too_large'
  /** It ended by itself. */
  | 'ended'
  /** The process of the page did. */
  | 'crashed'
  /** It refused a command. */
  | 'protocol'
  | 'aborted'

/** A visit without a result; what happened travels in `cause`. */
export class BrowserError extends Error {
  override readonly name = 'BrowserError'
  readonly reason: BrowserReason

  constructor(reason: BrowserReason, cause?: unknown) {
    super(`The browser: ${reason}.`, { cause })
    this.reason = reason
  }
}
