/** A variant as it takes part: its target serialised, with the link's own parameters. */
export type Contender = { key: string; weight: number; target: Target }

/** Where a visitor is sent. */
export type Target = {
  /** WHATWG-serialised. */
  readonly url: string
  /** Its own `utm_` parameters as a query, or empty. */
  readonly utm: string
}

/**
 * Weighted rendezvous hashing: each variant draws for the visitor under its own key, and the one
 * with the least −ln(draw)/weight wins, so that it does with a chance of weight/sum (the minimum of
 * exponential variables). Order does not matter, and a new weight moves only the visitors that its
 * variant gains or loses.
 */
export function pickVariant(
  variants: readonly Contender[],
  visitor: { draw(label: string): number },
): Contender | undefined {
  let picked: Contender | undefined
  let least = Number.POSITIVE_INFINITY
  for (const variant of variants) {
    // 1 − draw: the draw may be 0, whose logarithm is not finite.
    const score = -Math.log(1 - visitor.draw(`variant ${variant.key}`)) / variant.weight
    if (picked === undefined || score < least) {
      picked = variant
      least = score
    }
  }
  return picked
}
