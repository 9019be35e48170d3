/** What a benchmark found, measured side by side in one run. */
export type Table = { headings: string[]; rows: string[][]; verdict: string }
