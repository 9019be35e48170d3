import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { hasUnsafeCharacters, normaliseHost, URL_LENGTH_MAX } from '../../core/url'
import inventory from './inventory.csv' with { type: 'text' }
import { DIRECTORY_PRICES, DIRECTORY_STATUSES, SUBMISSION_MODES } from './table'

const DR_MAX = 100

const blankAsUndefined = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

const line = (max: number) =>
  z
    .string()
    .max(max, `must have at most ${max} characters`)
    .refine((text) => !hasUnsafeCharacters(text), 'must not contain control characters')

const webAddress = line(URL_LENGTH_MAX).refine(
  (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
  'must be an http or https URL',
)

const truth = z
  .enum(['yes', 'no'], { error: 'must be yes or no' })
  .transform((text) => text === 'yes')

/** A line of a file of directories. What is blank is not said. */
export const InventoryLine = z.object({
  home_url: webAddress,
  name: blankAsUndefined(line(200)),
  submit_url: blankAsUndefined(webAddress),
  categories: blankAsUndefined(
    line(500).transform((text) =>
      text
        .split(';')
        .map((category) => category.trim())
        .filter((category) => category !== ''),
    ),
  ),
  country: blankAsUndefined(z.string().regex(/^[A-Z]{2}$/, 'must be a code of two letters')),
  price: blankAsUndefined(
    z.enum(DIRECTORY_PRICES, { error: `must be one of ${DIRECTORY_PRICES.join(', ')}` }),
  ),
  mode: blankAsUndefined(
    z.enum(SUBMISSION_MODES, { error: `must be one of ${SUBMISSION_MODES.join(', ')}` }),
  ),
  status: blankAsUndefined(
    z.enum(DIRECTORY_STATUSES, { error: `must be one of ${DIRECTORY_STATUSES.join(', ')}` }),
  ),
  login: blankAsUndefined(truth),
  captcha: blankAsUndefined(truth),
  reciprocal_link: blankAsUndefined(truth),
  notes: blankAsUndefined(line(1_000)),
  dr: blankAsUndefined(
    z.coerce
      .number({ error: 'must be a number from 0 to 100' })
      .min(0, 'must be from 0 to 100')
      .max(DR_MAX, 'must be from 0 to 100'),
  ),
})
export type InventoryLine = z.infer<typeof InventoryLine>

export type CsvLine = { line: number; cells: Record<string, string> }

/** The lines of a CSV file by the names in its first one. Throws `CsvError` where quotes are open. */
export function linesOf(csv: string): CsvLine[] {
  const rows = parse(csv, {
    ...{ bom: true, columns: true, info: true, skip_empty_lines: true, trim: true },
    relax_column_count: true,
  }) as unknown as { record: Record<string, string>; info: { lines: number } }[]
  return rows.map(({ record, info }) => ({ line: info.lines, cells: record }))
}

/** How a directory is recognised: host and path of its home, without `www.` and the last slash. */
export function directoryKeyOf(homeUrl: string): string {
  const { hostname, pathname } = new URL(homeUrl)
  return `${normaliseHost(hostname).replace(/^www\./, '')}${pathname}`.replace(/\/+$/, '')
}

/** The directories of a new installation, in the order of their ids; none has a rating. */
export const seededDirectories = (): InventoryLine[] =>
  linesOf(inventory).map(({ cells }) => InventoryLine.parse(cells))
