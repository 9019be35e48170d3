/**
 * `make`, remembering what it made of texts: for what costs more than a look into a map. Forgets
 * everything when it holds `sizeMax`, so that hostile texts cost time, never memory.
 */
export function remembered<T>(sizeMax: number, make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    if (known.size >= sizeMax) known.clear()
    known.set(text, made)
    return made
  }
}
