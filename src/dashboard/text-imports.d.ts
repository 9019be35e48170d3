/** Files that are served as they are: imported `with { type: 'text' }`. */

declare module '*.css' {
  const text: string
  export default text
}

declare module '*.svg' {
  const text: string
  export default text
}

declare module '*/assets/account.js' {
  const text: string
  export default text
}

declare module '*/assets/action-card.js' {
  const text: string
  export default text
}

declare module '*/assets/actions.js' {
  const text: string
  export default text
}

declare module '*/assets/api.js' {
  const text: string
  export default text
}

declare module '*/assets/backlink-card.js' {
  const text: string
  export default text
}

declare module '*/assets/backlink-check.js' {
  const text: string
  export default text
}

declare module '*/assets/backlink-evidence.js' {
  const text: string
  export default text
}

declare module '*/assets/backlink-words.js' {
  const text: string
  export default text
}

declare module '*/assets/backlinks.js' {
  const text: string
  export default text
}

declare module '*/assets/cards.js' {
  const text: string
  export default text
}

declare module '*/assets/doors.js' {
  const text: string
  export default text
}

declare module '*/assets/elements.js' {
  const text: string
  export default text
}

declare module '*/assets/forms.js' {
  const text: string
  export default text
}

declare module '*/assets/keys.js' {
  const text: string
  export default text
}

declare module '*/assets/landing.js' {
  const text: string
  export default text
}

declare module '*/assets/last-scan.js' {
  const text: string
  export default text
}

declare module '*/assets/links.js' {
  const text: string
  export default text
}

declare module '*/assets/project.js' {
  const text: string
  export default text
}

declare module '*/assets/projects.js' {
  const text: string
  export default text
}

declare module '*/assets/refresh.js' {
  const text: string
  export default text
}

declare module '*/assets/security.js' {
  const text: string
  export default text
}

declare module '*/assets/signed-in.js' {
  const text: string
  export default text
}

declare module '*/assets/webhooks.js' {
  const text: string
  export default text
}

declare module '*/assets/workspace.js' {
  const text: string
  export default text
}
