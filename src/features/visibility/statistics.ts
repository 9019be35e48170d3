/** Two ends of a 95 % interval, in per cent from 0 to 100. */
export type Interval = { low: number; high: number }

/** `hits` of `trials`. */
export type Share = { hits: number; trials: number }

/** The standard normal quantile of 97.5 %. */
const Z = 1.96

const clamped = (low: number, high: number): Interval => ({
  low: 100 * Math.min(1, Math.max(0, low)),
  high: 100 * Math.min(1, Math.max(0, high)),
})

/**
 * The score interval of a proportion; trials need not be whole. Source: Wilson, Journal of the
 * American Statistical Association 22 (1927).
 */
export function wilson({ hits, trials }: Share): Interval {
  const share = hits / trials
  const spread = Z * Math.sqrt((share * (1 - share)) / trials + (Z * Z) / (4 * trials * trials))
  const scale = 1 + (Z * Z) / trials
  const centre = share + (Z * Z) / (2 * trials)
  return clamped((centre - spread) / scale, (centre + spread) / scale)
}

/** The share of one cell, drawn towards the half, so that 0 of 5 still has an uncertainty. */
const smoothed = ({ hits, trials }: Share): number => (hits + 0.5) / (trials + 1)

/**
 * Standard error of the mean of the cells' shares, of 1, when the same cells are asked again:
 * √Σ p̃(1 − p̃)/n ÷ C with p̃ = (k + ½)/(n + 1) (stratified sampling, Cochran 1977, 5.2).
 */
export function panelError(cells: readonly Share[]): number {
  const variance = cells.reduce((sum, cell) => {
    const share = smoothed(cell)
    return sum + (share * (1 - share)) / cell.trials
  }, 0)
  return Math.sqrt(variance) / cells.length
}

/** The mean of the cells' shares, of 1. */
export const panelMean = (cells: readonly Share[]): number =>
  cells.reduce((sum, { hits, trials }) => sum + hits / trials, 0) / cells.length

/** "These questions, asked again": the mean of the cells' shares ± 1.96 standard errors. */
export function panelInterval(cells: readonly Share[]): Interval {
  const [mean, error] = [panelMean(cells), panelError(cells)]
  return clamped(mean - Z * error, mean + Z * error)
}

/** How much the mean has moved between two panels of the same cells, in points. */
export function panelChange(before: readonly Share[], after: readonly Share[]) {
  const delta = panelMean(after) - panelMean(before)
  const reach = Z * Math.hypot(panelError(before), panelError(after))
  return { delta: 100 * delta, low: 100 * (delta - reach), high: 100 * (delta + reach) }
}

/**
 * How alike the answers of one cluster are, from the analysis of variance (Fleiss, Statistical
 * Methods for Rates and Proportions, 15.2): 1 where every cluster agrees with itself. Null where
 * no cluster has two answers.
 */
export function clusterLikeness(clusters: readonly Share[]): number | null {
  const trials = clusters.reduce((sum, cluster) => sum + cluster.trials, 0)
  const hits = clusters.reduce((sum, cluster) => sum + cluster.hits, 0)
  if (clusters.length < 2 || trials === clusters.length) return null
  let [between, within, squares] = [0, 0, 0]
  for (const cluster of clusters) {
    const share = cluster.hits / cluster.trials
    between += cluster.trials * (share - hits / trials) ** 2
    within += cluster.trials * share * (1 - share)
    squares += cluster.trials ** 2
  }
  // All or none: the answers of a question tell nothing apart, so each counts for its question.
  if (within === 0) return 1
  const size = (trials - squares / trials) / (clusters.length - 1)
  const [meanBetween, meanWithin] = [
    between / (clusters.length - 1),
    within / (trials - clusters.length),
  ]
  return (meanBetween - meanWithin) / (meanBetween + (size - 1) * meanWithin)
}

/**
 * "Questions like these": Wilson's interval of all answers, counted as so many independent ones as
 * they are worth. Answers of one question resemble each other by the design effect
 * max(1, 1 + (m̄ − 1)·ICC) (Kish, Survey Sampling, 5.4). Null for a single question.
 */
export function generalInterval(clusters: readonly Share[]): Interval | null {
  if (clusters.length < 2) return null
  const trials = clusters.reduce((sum, cluster) => sum + cluster.trials, 0)
  const hits = clusters.reduce((sum, cluster) => sum + cluster.hits, 0)
  const likeness = clusterLikeness(clusters) ?? 0
  const effect = Math.max(1, 1 + (trials / clusters.length - 1) * likeness)
  return wilson({ hits: hits / effect, trials: trials / effect })
}
