/**
 * Beginnings that spreadsheets take for a formula (OWASP, CSV Injection). Text that looks like one
 * made harmless before counts too, so that what {@link csvText} reads is always what was written.
 */
const FORMULA = /^'*[=+\-@\t\r]/

type Cell = string | number | boolean | null

/** A cell as RFC 4180 has it; text that a spreadsheet would run gets an apostrophe in front. */
export function csvCell(value: Cell): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const harmless = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** The text of a cell without the apostrophe that {@link csvCell} put in front. */
export const csvText = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell

/** A line of cells with its CRLF. */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`
