import { Elysia } from 'elysia'
import { escapeHtml } from '../core/html'
import type { Directories } from '../features/directories/service'
import { shellResponse } from './pages'

export type CoveragePageDeps = { directories: Pick<Directories, 'coverage'>; version: string }

type Coverage = ReturnType<Directories['coverage']>
type Count = Coverage['by_mode'][number]

/** `/directories-coverage`: what there is, without a name or an address of any directory. */
export const coveragePageRoutes = ({ directories, version }: CoveragePageDeps) =>
  new Elysia({ name: 'dashboard/coverage', detail: { hide: true } }).get(
    '/directories-coverage',
    () =>
      shellResponse({
        ...{ name: 'directories-coverage', title: 'Directories, in numbers · Linkstead' },
        ...{ script: 'landing.js', main: mainOf(directories.coverage()), version },
      }),
  )

const mainOf = (coverage: Coverage): string => `<h1>Directories, in numbers</h1>
<p class="lead">${coverage.total} directories are known to this server. Which ones they are is for its customers to
see; what kinds there are is for everybody.</p>
<div class="columns">
${tablesOf(coverage)}
</div>
${countTable('By category', coverage.by_category, coverage.total)}
<section>
<h2>What became of submissions</h2>
${examplesOf(coverage)}
</section>
<p class="soft">The same as JSON: <a href="/api/v1/directories/coverage"><code>/api/v1/directories/coverage</code></a></p>`

const tablesOf = ({ total, by_price, by_mode, by_tier }: Coverage): string =>
  [
    countTable('By price', by_price, total),
    countTable('By way in', by_mode, total),
    countTable('By rating', by_tier, total),
  ].join('\n')

const countTable = (caption: string, counts: readonly Count[], total: number): string =>
  `<section><table><caption>${caption}</caption>\n` +
  `${counts.map((count) => countRow(count, total)).join('\n')}\n</table></section>`

const countRow = ({ name, count }: Count, total: number): string =>
  `<tr><th scope="row">${wordsOf(name)}${shareBar(total === 0 ? 0 : count / total)}</th>` +
  `<td>${count}</td></tr>`

/** A share from 0 to 1 as a bar; the number stands beside it. */
const shareBar = (share: number): string =>
  '<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">' +
  `<rect class="track" width="100" height="4"/><rect width="${Math.round(share * 100)}" height="4"/></svg>`

function examplesOf({ delivery_examples }: Coverage): string {
  if (delivery_examples.length === 0) {
    return '<p>Nothing was submitted from here yet: there are no examples to show.</p>'
  }
  const rows = delivery_examples.map(
    ({ category, mode, tier, status, days_to_live }) =>
      `<tr><th scope="row">${wordsOf(category)}</th><td>${wordsOf(mode)}</td>` +
      `<td>${wordsOf(tier)}</td><td>${wordsOf(status)}</td><td>${days_to_live ?? '–'}</td></tr>`,
  )
  return `<div class="wide"><table>
<thead><tr><th scope="col">Category</th><th scope="col">Way in</th><th scope="col">Rating</th><th scope="col">State</th><th scope="col">Days until live</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

/** `dr_31_50` → `DR 31–50`, `pending_review` → `Pending review`, `api` → `API`. */
function wordsOf(name: string): string {
  const [, from, to] = /^dr_(\d+)_(\d+)$/.exec(name) ?? []
  if (from !== undefined) return `DR ${from}–${to}`
  if (name === 'api') return 'API'
  const words = name.replaceAll('_', ' ')
  return escapeHtml(words.charAt(0).toUpperCase() + words.slice(1))
}
