const TRACKING =
  /^(utm_[a-z_]+|gclid|gbraid|wbraid|dclid|fbclid|msclkid|igshid|mc_cid|mc_eid|yclid|_ga|_gl|_hsenc|_hsmi)$/i

/** Whether a parameter of a query only tells who sent a visitor, and never which page is meant. */
export const isTrackingParameter = (name: string): boolean => TRACKING.test(name)
