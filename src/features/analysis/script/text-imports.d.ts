/** The script as text: imported `with { type: 'text' }`. */
declare module '*/script/probe.js' {
  const text: string
  export default text
}
