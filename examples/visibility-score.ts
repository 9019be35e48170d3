// bun examples/visibility-score.ts answers.csv: the score of a run from its answers alone.
import { parse } from 'csv-parse/sync'

const file = await Bun.file(Bun.argv[2] ?? 'answers.csv').text()
const rows: Record<string, string>[] = parse(file, { columns: true })
const asked = rows.filter((row) => row.kind === 'unbranded')
const valid = asked.filter((row) => /^(ok|refused|truncated)$/.test(row.status ?? ''))
const cells = [...Map.groupBy(valid, (row) => `${row.prompt_hash} ${row.platform}`).values()]
const shares = cells.map((cell) => cell.filter((row) => row.mentioned === '1').length / cell.length)
const score = (100 * shares.reduce((sum, share) => sum + share, 0)) / shares.length
const said = valid.length < asked.length / 2 || valid.length === 0 ? 'null' : score.toFixed(1)
process.stdout.write(`${said}\n`)
