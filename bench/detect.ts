/** One megabyte of answers of each kind, read for ten brands. */
import { type Brand, createDetector } from '../src/features/visibility/detector'
import { median } from './server'
import type { Table } from './table'

const BYTES = 1_000_000
const ROUNDS = 15
const REACH_MS = 100

const NAMES = ['Acme', 'Demand IQ', 'Notion', 'Google Analytics', 'monday.com', 'AT&T', 'Box']
const brands: Brand[] = [...NAMES, 'Яндекс', '東京電力', 'Müller'].map((text, nth) => ({
  ...{ id: `b${nth}`, terms: [{ text }], negatives: [`${text} Bank`], domains: [`b${nth}.com`] },
}))

const ANSWERS = {
  'answers in Markdown, with links and citations':
    'For a small team that wants more structure, **Acme** is a solid pick [1]. It isn’t cheap, but the reporting is better than what most tools of this size offer, and set-up takes an afternoon (see https://example.com/reviews/crm?page=2).\n\n1. Notion – flexible, needs care\n2. [Demand IQ](https://b1.com/pricing) – dashboards for sales\n3. Something else, if none of these suits the way in which you work today\n\n',
  'plain ASCII':
    'There are many tools that can do this, and which of them suits you depends on how you work, on what you pay today, and on who has to look after it. Acme is one of them. ',
  Japanese:
    '東京電力は日本の大きな電力会社で、料金の比較サイトではNotionのような道具も使われています。',
} as const

function timesOf(answer: string): { ms: number[]; names: number } {
  const detector = createDetector(brands)
  const prompt = 'Which tools are good alternatives to Acme for a small team?'
  let names = 0
  const ms = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now()
    names = detector.detect(answer, prompt).spans.length
    return performance.now() - startedAt
  })
  return { ms, names }
}

export function bench(): Promise<Table> {
  const rows = Object.entries(ANSWERS).map(([kind, text]) => {
    const bytes = Buffer.byteLength(text)
    const answer = text.repeat(Math.ceil(BYTES / bytes))
    const { ms, names } = timesOf(answer)
    const [half, least] = [median(ms), Math.min(...ms)]
    return [kind, String(names), half.toFixed(0), least.toFixed(0)]
  })
  const slowest = Math.max(...rows.map(([, , half]) => Number(half)))
  return Promise.resolve({
    headings: ['1 MB of', 'names', 'median ms', 'least ms'],
    rows,
    verdict: `The slowest median is ${slowest} ms (reach: ${REACH_MS} ms).`,
  })
}
