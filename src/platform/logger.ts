import { systemClock, toIso } from '../core/clock'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogFields = Record<string, unknown>

/** JSON lines. Values under names that look secret are replaced before they are written. */
export type Logger = {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const SECRET_NAME =
  /pass(word)?$|secret|token|authorization|cookie|api[-_]?key|^key$|^code$|signature|^ip$|address/i
const SECRET_VALUE =
  /ls_[sp]k_[\w-]+|whsec_[\w+/=-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+|([?&](?:secret|token|code|key)=)[^&\s"]+/gi

/** A copy without secrets: by field name at any depth, and by the look of the text. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') {
    return value.replace(SECRET_VALUE, (_match, lead?: string) => `${lead ?? ''}[redacted]`)
  }
  if (value instanceof Error) {
    return redact({ name: value.name, message: value.message, stack: value.stack }, depth)
  }
  if (value === null || typeof value !== 'object') return value
  if (depth > 6) return '[deep]'
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redact(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAME.test(name) && inner !== null && inner !== undefined
        ? '[redacted]'
        : redact(inner, depth + 1),
    ]),
  )
}

/** Writes lines of `level` and above; `write` is the process's standard output by default. */
export function createLogger(
  level: LogLevel | 'silent',
  write: (line: string) => void = (line) => console.log(line),
): Logger {
  const least = level === 'silent' ? LOG_LEVELS.length : LOG_LEVELS.indexOf(level)
  const at =
    (name: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(name) < least) return
      const time = toIso(systemClock.now())
      const safe = redact(fields) as LogFields
      write(JSON.stringify({ time, level: name, message: redact(message), ...safe }))
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
