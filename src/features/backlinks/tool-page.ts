import { escapeHtml } from '../../core/html'
import { CHECK_URLS_MAX } from './check-schema'
import type { Piece, ShownResult } from './shown-result'

/** What was typed into the form, as it was typed. */
export type Typed = { domain: string; urls: string }

/** Why a form was not taken; `field` is the one to correct, or null. */
export type Problem = { field: string | null; message: string }

/** The page without results, or with what is wrong with what was typed. */
export function toolForm({ domain, urls }: Typed, problem: Problem | null = null): string {
  const errorOf = (field: string): { mark: string; text: string } => {
    if (problem?.field !== field) return { mark: '', text: '' }
    const id = `${field}-error`
    return {
      mark: ` aria-invalid="true" autofocus aria-describedby="${field}-hint ${id}"`,
      text: `<p class="field-error" role="alert" id="${id}">${escapeHtml(problem.message)}</p>`,
    }
  }
  const described = (field: string, { mark }: { mark: string }): string =>
    mark || ` aria-describedby="${field}-hint"`
  const [ofDomain, ofUrls] = [errorOf('domain'), errorOf('urls')]
  const homeless = problem && !ofDomain.mark && !ofUrls.mark ? escapeHtml(problem.message) : ''
  return `<h1>Are your backlinks still there?</h1>
<p class="lead">Name your domain and the pages that should link to it. Each page is read as search engines
read it, and each answer comes with its evidence.</p>
<form id="check" method="post" action="/tools/backlink-check#results-title">
<div class="field">
<label for="domain">Your domain</label>
<p class="hint" id="domain-hint">Such as example.com. Links to hosts below it count too.</p>
<input id="domain" name="domain" type="text" inputmode="url" autocomplete="url" autocapitalize="none" spellcheck="false" maxlength="2048" required value="${escapeHtml(domain)}"${described('domain', ofDomain)}>
${ofDomain.text}</div>
<div class="field">
<label for="urls">Pages that should link to it</label>
<p class="hint" id="urls-hint">One address in each line, at most ${CHECK_URLS_MAX}.</p>
<textarea id="urls" name="urls" rows="6" autocapitalize="none" spellcheck="false" required${described('urls', ofUrls)}>
${escapeHtml(urls)}</textarea>
${ofUrls.text}</div>
<button type="submit" data-busy="Checking…">Check the pages</button>
<p class="status${homeless ? ' error' : ''}" role="status">${homeless}</p>
</form>`
}

/** What a reader should know of how it is done. */
export const TOOL_NOTES = `<details>
<summary>How it is checked</summary>
<p>Each page is asked for once, under our own name, and only where its robots.txt allows that. The HTML is read as it
is sent: scripts are not run and style sheets are not evaluated. Whether search engines may list a page is read from its
meta robots, X-Robots-Tag, robots.txt and canonical. A page that shows us something else than its readers is
<em>not known</em>, never missing. Nothing is stored.</p>
</details>`

/** What came of a check: a sentence, and the evidence as a file that the page itself holds. */
export type Outcome = { summary: string; href: string }

/** The address of a file of evidence within the page. */
export const csvHref = (csv: string): string =>
  `data:text/csv;charset=utf-8,${encodeURIComponent(csv)}`

/** The results of a check, as the script of the page makes them too. */
export function toolResults(
  domain: string,
  results: readonly ShownResult[],
  { summary, href }: Outcome,
): string {
  return `<section id="results" aria-labelledby="results-title">
<h2 id="results-title" tabindex="-1">Links to <bdi>${escapeHtml(domain)}</bdi></h2>
<p>${escapeHtml(summary)}</p>
<p><a class="button quiet" href="${escapeHtml(href)}" download="backlinks.csv">Download the evidence as CSV</a></p>
<ol class="cards results">
${results.map((result) => `<li>${cardHtml(result)}</li>`).join('\n')}
</ol>
</section>`
}

function pieceHtml({ text, href, marked }: Piece): string {
  const html = `<bdi>${escapeHtml(text)}</bdi>`
  if (marked) return `<mark>${html}</mark>`
  if (href === undefined) return html
  return `<a href="${escapeHtml(href)}" rel="nofollow noopener noreferrer">${html}</a>`
}

function cardHtml({ address, verdict, reasons, facts }: ShownResult): string {
  const said = verdict
    ? `<p><strong class="verdict ${verdict.name}">${verdict.title}</strong> ${verdict.meaning}</p>`
    : ''
  const list = reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join('')
  const terms = facts.map(
    ({ term, pieces }) => `<div><dt>${term}</dt><dd>${pieces.map(pieceHtml).join(' ')}</dd></div>`,
  )
  return `<h3>${pieceHtml(address)}</h3>
${said}${list && `<ul>${list}</ul>`}
${terms.length > 0 ? `<dl class="facts">${terms.join('')}</dl>` : ''}`
}
