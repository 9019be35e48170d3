import { COMMANDS, isCommand, usage } from './commands/commands'
import { AppError, OperatorError } from './core/errors'

/** What the operator can mend, in a sentence without a stack; undefined for our own faults. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof OperatorError) return error.message
  if (!(error instanceof AppError)) return undefined
  const { field } = error.options
  return field === undefined ? error.message : `${field}: ${error.message}`
}

/** Resolves when the process is asked to stop; asked a second time, it goes at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(1)
    controller.abort()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return controller.signal
}

const [name = 'serve', ...args] = process.argv.slice(2)
if (isCommand(name)) {
  try {
    process.exitCode = await COMMANDS[name].run(args, stopSignal())
  } catch (error) {
    const sentence = sentenceOf(error)
    if (sentence === undefined) throw error
    process.stderr.write(`${sentence}\n`)
    process.exitCode = 2
  }
} else {
  const asked = name === 'help' || name === '--help' || name === '-h'
  process[asked ? 'stdout' : 'stderr'].write(usage())
  process.exitCode = asked ? 0 : 2
}
