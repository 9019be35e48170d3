import { hasUnsafeText } from '../../core/url'
import { type Field, type Names, nameIn, type Source } from './sources'

/** What could not be kept of a link as it was. */
export const WARNINGS = [
  ...(['created_at_unreadable', 'clicks_unreadable', 'title_shortened'] as const),
  ...(['characters_removed', 'password_missing', 'click_limit_used_up'] as const),
  ...(['rules_dropped', 'tags_dropped', 'folder_dropped', 'template_dropped'] as const),
] as const
export type Warning = (typeof WARNINGS)[number]

const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes.
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** More than anything of a link may take; what is longer would only hold up everybody else. */
const CELL_LENGTH_MAX = 262_144

/** Something is said of a field that cannot be understood. */
export class Unreadable extends Error {
  readonly told: { field: Field; problem: string }
  constructor(field: Field, problem: string) {
    super(problem)
    this.told = { field, problem }
  }
}

/** The values of a record by our own names, and what was lost while they were read. */
export type Cells = ReturnType<typeof createCells>

export function createCells(values: ReadonlyMap<string, unknown>, names: Names, source: Source) {
  const warnings: Warning[] = []
  const urlName = nameIn(values, names.url)

  function raw(field: Field): unknown {
    // A column `link` is the target where there is no other, and then not the short address.
    const wanted = names[field]?.filter((name) => field !== 'shortUrl' || name !== urlName)
    const name = nameIn(values, wanted)
    const value = name === undefined ? undefined : values.get(name)
    if (typeof value !== 'string' || value.length <= CELL_LENGTH_MAX) return value
    throw new Unreadable(
      field,
      `has ${value.length} characters: more than ${CELL_LENGTH_MAX} are not read.`,
    )
  }

  /** As it stands, spaces around it too. */
  function verbatim(field: Field): string | null {
    const value = raw(field)
    if (typeof value !== 'string') return typeof value === 'number' ? String(value) : null
    return value || null
  }

  const text = (field: Field): string | null => verbatim(field)?.trim() || null

  /** Null where nothing is said. Throws where something is said that cannot be understood. */
  function required<T>(field: Field, read: (text: string) => T | undefined): T | null {
    const said = text(field)
    if (said === null) return null
    const value = read(said)
    if (value !== undefined) return value
    throw new Unreadable(field, `"${said.slice(0, 60)}" cannot be understood.`)
  }

  return {
    warnings,
    raw,
    text,
    verbatim,
    required,
    flag(field: Field): boolean | undefined {
      const value = raw(field)
      if (typeof value === 'boolean') return value
      const said = text(field)?.toLowerCase()
      if (said === undefined || said === null) return undefined
      return !['false', '0', 'no', 'f', 'n', 'off'].includes(said)
    },
    /** Text without characters that hide or turn around what is read. */
    clean(field: Field): string | null {
      // Our own export, which comes as csv, is to be read as it was written.
      const said = source === 'csv' ? verbatim(field) : text(field)
      if (said === null || !hasUnsafeText(said.replace(/[\n\r\t]/g, ' '))) return said
      warnings.push('characters_removed')
      return said.toWellFormed().replace(UNSAFE, '').trim() || null
    },
    /** An object or list, which tables hold as JSON. */
    object(field: Field): unknown {
      const value = raw(field)
      if (typeof value !== 'string') return value ?? null
      return required(field, parseJson)
    },
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
