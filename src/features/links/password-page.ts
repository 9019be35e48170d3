import { escapeHtml } from '../../core/html'
import type { PageParts } from './content-page'

/** What went wrong, as the form says it. */
export type PasswordProblem = 'none' | 'missing' | 'wrong'

const SENTENCES: Record<PasswordProblem, string> = {
  none: '',
  missing: 'Type the password first.',
  wrong: 'That is not the password. Check capital letters and spaces, and try again.',
}

/** The form in front of a protected link; works without a script. `action` is its own address. */
export function passwordPage(action: string, problem: PasswordProblem): PageParts {
  const title = 'This link asks for a password'
  const sentence = SENTENCES[problem]
  const said = sentence && `<p class="problem" id="problem" role="alert">${sentence}</p>`
  const marks = sentence && ' aria-invalid="true" aria-describedby="problem"'
  return {
    title: sentence ? `Try again: ${title}` : title,
    main: `<h1>${title}</h1>
<form method="post" action="${escapeHtml(action)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus${marks}>
${said}<button class="button">Continue</button>
</form>
<p class="soft">Whoever gave you the link knows it.</p>`,
  }
}

/** What a preview says of a protected link: that it is one. */
export function protectedPage(slug: string, created: string): PageParts {
  const title = 'Where this link leads'
  const facts = `<div><dt>Leads to</dt><dd>only those who know its password are told</dd></div>
<div><dt>Created</dt><dd><time>${created}</time></dd></div>`
  const follow = `<p><a class="button" href="/${slug}" rel="nofollow noreferrer">Follow the link</a></p>`
  return { title, main: `<h1>${title}</h1><dl>${facts}</dl>${follow}` }
}
