declare module '*/standalone.js' {
  /** Path of the file, on disk or inside the binary. */
  const path: string
  export default path
}
