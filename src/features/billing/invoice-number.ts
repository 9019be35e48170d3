/** An invoice's number as people write it: `INV-000042`. */
export const invoiceNumber = ({ number }: { number: number }): string =>
  `INV-${String(number).padStart(6, '0')}`
