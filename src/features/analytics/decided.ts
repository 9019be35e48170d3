import { nothingEarned } from './earned'
import type { ListRow, Reply } from './question'
import { toRow } from './schema'

/** A rule or variant of a link as it is now. */
type Known = { key: string; url: string; weight?: number }

type Counted = { reply: Pick<Reply, 'lists'>; withheld: boolean }

/**
 * What a link's rules and variants led to. What the link no longer has goes by its last url in the
 * history, which is read only then.
 */
export function decidedOf(
  { reply: { lists }, withheld }: Counted,
  link: { rules: readonly Known[] | null; variants: readonly Known[] | null },
  readFormer: () => ReadonlyMap<string, string>,
) {
  let former: ReadonlyMap<string, string> | undefined
  const formerUrlOf = (key: string): string | undefined => {
    former ??= readFormer()
    return former.get(key)
  }
  if (withheld) return { variants: [], rules: [] }
  return {
    variants: resultsOf(lists.variant ?? [], link.variants ?? [], formerUrlOf),
    rules: resultsOf(lists.rule ?? [], link.rules ?? [], formerUrlOf).map(
      ({ weight: _, ...rule }) => rule,
    ),
  }
}

/** Results by key: those of the link as it is now in its order, then those of what it had before. */
function resultsOf(
  counted: readonly ListRow[],
  known: readonly Known[],
  formerUrlOf: (key: string) => string | undefined,
) {
  const byKey = new Map(counted.map((row) => [row.name, row]))
  const isKnown = new Set(known.map(({ key }) => key))
  return [
    ...known.map(({ key, url, weight }) => ({
      ...{ key, url, weight: weight ?? null, isCurrent: true },
      ...figuresOf(byKey.get(key) ?? { ...NOTHING, name: key }),
    })),
    ...counted
      .filter(({ name }) => name !== UNDECIDED && !isKnown.has(name))
      .map((row) => ({
        ...{ key: row.name, url: formerUrlOf(row.name) ?? null, weight: null, isCurrent: false },
        ...figuresOf(row),
      })),
  ]
}

/** Clicks that no rule or variant decided. */
const UNDECIDED = 'Unknown'

const NOTHING = { clicks: 0, uniques: 0, share: 0, earned: nothingEarned() }

function figuresOf(row: ListRow) {
  const { name: _, ...figures } = toRow(row)
  return figures
}
