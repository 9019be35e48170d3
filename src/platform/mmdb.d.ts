/** The path of a database file, also inside a compiled binary (`with { type: 'file' }`). */
declare module '*.mmdb' {
  const path: string
  export default path
}
