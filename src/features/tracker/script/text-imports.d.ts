/** The script as text: imported `with { type: 'text' }`. */
declare module '*/script/client.js' {
  const text: string
  export default text
}
