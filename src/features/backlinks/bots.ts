/** What robots.txt files call us. */
export const OUR_BOT = 'linkstead-check'
/** The crawler whose eyes a link has to be seen with. */
export const GOOGLEBOT = 'googlebot'
