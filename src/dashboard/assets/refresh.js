/** Before the second look at something that goes on; each later one waits a little longer. */
const FIRST_PAUSE_MS = 2_000
const GROWTH = 1.2
const PAUSE_MAX_MS = 10_000
/** After a refusal that may pass. */
const RETRY_MS = 15_000

const mayPass = ({ status }) => status === 0 || status === 429 || status >= 500

/**
 * A function that runs `work`, and runs it again after a pause for as long as it answers true.
 * Nothing is asked while the page is hidden; when it is seen again, `work` runs at once.
 */
export function keepFresh(work, complain) {
  let timer = null
  let running = null
  let isWantedAgain = false

  /** The pause before the next look, or null where none is needed. */
  async function look(pauseMs) {
    try {
      return (await work()) ? pauseMs : null
    } catch (refusal) {
      complain(refusal)
      return mayPass(refusal) ? RETRY_MS : null
    }
  }

  async function lookUntilFresh(pauseMs) {
    let nextMs
    do {
      isWantedAgain = false
      nextMs = await look(pauseMs)
    } while (isWantedAgain)
    running = null
    if (nextMs === null || document.hidden) return
    timer = setTimeout(run, nextMs, Math.min(nextMs * GROWTH, PAUSE_MAX_MS))
  }

  function run(pauseMs = FIRST_PAUSE_MS) {
    clearTimeout(timer)
    isWantedAgain = running !== null
    running ??= lookUntilFresh(pauseMs)
    return running
  }

  function onVisibility() {
    if (document.hidden) clearTimeout(timer)
    else run()
  }

  return () => {
    // Adding it twice changes nothing.
    document.addEventListener('visibilitychange', onVisibility)
    return run()
  }
}
