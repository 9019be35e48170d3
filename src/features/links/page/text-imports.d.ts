/** A file that is served as it is: imported `with { type: 'text' }`. */
declare module '*/page/page.js' {
  const text: string
  export default text
}
