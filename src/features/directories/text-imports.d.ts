/** The inventory as it is: imported `with { type: 'text' }`. */
declare module '*/inventory.csv' {
  const text: string
  export default text
}
