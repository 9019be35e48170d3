/** A further name of a brand: a text, or a text with what makes it count. */
export type Alias =
  | string
  | {
      text: string
      /** Counts only in this case. */
      case_sensitive?: boolean | undefined
      /** Counts only near one of these words. */
      require_context?: string[] | undefined
    }
