/** Headers in the order of arrival, names in lower case, repeated ones kept apart. */
type Headers = readonly (readonly [name: string, value: string])[]

/** The first value of a header by its lower-case name. */
export const headerOf = (headers: Headers, name: string): string | undefined =>
  headers.find(([known]) => known === name)?.[1]
