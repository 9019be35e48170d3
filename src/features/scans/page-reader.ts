import { headerCanonicals } from '../../core/link-header'
import { refreshTarget } from '../../core/refresh'
import { directivesOf, headerDirectives } from '../../core/robots-directives'
import type { PageHeaders, PageLink, PageRead } from './page-facts'
import { pageUrl } from './page-url'
import { typesOf, unescapeHtml } from './page-values'

const LINKS_MAX = 2_000
const IMAGES_MAX = 500
const SOURCES_MAX = 1_000
/** Of a title, a heading or a description. */
const TEXT_MAX = 2_000
const SHELL_WORDS = 25
/** Of the visible text; more is neither counted nor compared. */
const TEXT_CHARACTERS_MAX = 100_000
const RESOLVED_PER_TURN = 200
/** Titles, headings, other languages and what else a page should have few of. */
const OTHERS_MAX = 100

const collapse = (text: string): string => text.replace(/\s+/g, ' ').trim()

type Element = HTMLRewriterTypes.Element

/** Listens to a page that was found at `url` as it is parsed, and answers what it was. */
export function createPageReader(url: string) {
  let base = url
  let hasBase = false
  let shut = 0
  let quiet = 0
  let scripts = 0
  let roots = 0
  let lang: string | null = null
  let refresh: string | null = null
  let next: string | null = null
  let text = ''
  const titles: string[] = []
  const descriptions: string[] = []
  const h1: string[] = []
  const canonicals: string[] = []
  const robots: string[] = []
  const hrefs: { href: string; nofollow: boolean }[] = []
  const hreflang: { lang: string; href: string }[] = []
  const images: { src: string; hasAlt: boolean; hasSize: boolean }[] = []
  const sources: string[] = []
  const jsonLd: string[] = []
  /** Addresses of the page as they are written, and where they lead. */
  const spelled = new Map<string, string | null>()

  /** The text of each matched element, up to a length, as one entry of `into`. */
  const texts = (into: string[], charactersMax: number) => {
    let isKept = false
    return {
      element() {
        isKept = shut === 0 && into.length < OTHERS_MAX
        if (isKept) into.push('')
      },
      text({ text: piece }: { text: string }) {
        const kept = into.at(-1) ?? ''
        if (isKept && kept.length < charactersMax) into[into.length - 1] = kept + piece
      },
    }
  }
  const note = <T>(into: T[], ...values: T[]): void => {
    if (into.length < OTHERS_MAX) into.push(...values)
  }

  function onMeta(element: Element): void {
    const name = (element.getAttribute('name') ?? '').toLowerCase()
    const content = unescapeHtml(element.getAttribute('content') ?? '').slice(0, TEXT_MAX)
    if (name === 'description') note(descriptions, collapse(content))
    if (name === 'robots' || name === 'googlebot') note(robots, ...directivesOf(content))
    if (element.getAttribute('http-equiv')?.toLowerCase() === 'refresh')
      refresh ??= refreshTarget(content)
  }

  function onLink(element: Element): void {
    const rel = (element.getAttribute('rel') ?? '').toLowerCase().split(/[\s,]+/)
    const href = unescapeHtml(element.getAttribute('href') ?? '')
    if (href === '') return
    if (rel.includes('canonical')) note(canonicals, href)
    if (rel.includes('next')) next ??= href
    const language = element.getAttribute('hreflang')
    if (rel.includes('alternate') && language)
      note(hreflang, { lang: language.toLowerCase(), href })
    if (rel.includes('stylesheet') && sources.length < SOURCES_MAX) sources.push(href)
  }

  function onAnchor(element: Element): void {
    const href = element.getAttribute('href') ?? element.getAttribute('xlink:href')
    if (shut > 0 || !href || hrefs.length >= LINKS_MAX) return
    const rel = (element.getAttribute('rel') ?? '').toLowerCase().split(/[\s,]+/)
    hrefs.push({
      href: unescapeHtml(href)
        .replace(/[\t\n\r]/g, '')
        .trim(),
      nofollow: rel.includes('nofollow'),
    })
  }

  function onImage(element: Element): void {
    const src = unescapeHtml(element.getAttribute('src') ?? '')
    if (shut > 0 || src === '' || src.startsWith('data:') || images.length >= IMAGES_MAX) return
    const hasSize = element.hasAttribute('width') && element.hasAttribute('height')
    images.push({ src, hasAlt: element.hasAttribute('alt'), hasSize })
    sources.push(src)
  }

  const countRoot = () => {
    roots += 1
  }

  function listen(rewriter: HTMLRewriter): void {
    rewriter
      .on('template', {
        element(element) {
          shut += 1
          element.onEndTag(() => {
            shut -= 1
          })
        },
      })
      .on('html', {
        element(element) {
          lang ??= element.getAttribute('lang')
        },
      })
      .on('base', {
        element(element) {
          const href = element.getAttribute('href')
          if (hasBase || href === null) return
          hasBase = true
          if (URL.canParse(href, url)) base = new URL(href, url).href
        },
      })
      .on('head > title, html > title', texts(titles, TEXT_MAX))
      .on('meta', { element: onMeta })
      .on('head link, html > link', { element: onLink })
      .on('a, area', { element: onAnchor })
      .on('img', { element: onImage })
      .on('h1', texts(h1, TEXT_MAX))
      .on('script', {
        element(element) {
          scripts += 1
          const src = element.getAttribute('src')
          if (src && sources.length < SOURCES_MAX) sources.push(src)
        },
      })
      .on('script[type="application/ld+json"]', texts(jsonLd, TEXT_CHARACTERS_MAX))
      .on('iframe', {
        element(element) {
          const src = element.getAttribute('src')
          if (src && sources.length < SOURCES_MAX) sources.push(src)
        },
      })
      .on('[id="root"], [id="app"], [id="__next"], [id="__nuxt"], app-root', { element: countRoot })
      .on('body', {
        text({ text: piece }) {
          if (shut === 0 && quiet === 0 && text.length < TEXT_CHARACTERS_MAX) text += piece
        },
      })
      // Not those of the body alone, which takes time that grows with the square of their depth.
      .on('*', {
        element() {
          if (text.length < TEXT_CHARACTERS_MAX) text += ' '
        },
      })
      .on('script, style, noscript, textarea', {
        element(element) {
          quiet += 1
          element.onEndTag(() => {
            quiet -= 1
          })
        },
      })
  }

  function absolute(href: string): string[] {
    const known = spelled.get(href) ?? pageUrl(href, base) ?? null
    spelled.set(href, known)
    return known === null ? [] : [known]
  }

  /** Finds out where every address of the page leads, some in each turn. */
  async function resolveAll(nextTurn: () => Promise<void>): Promise<void> {
    const found = [...hrefs, ...hreflang].map(({ href }) => href)
    for (const [nth, href] of [...found, ...sources, ...canonicals].entries()) {
      if (nth % RESOLVED_PER_TURN === 0) await nextTurn()
      absolute(href)
    }
  }

  function facts(headers: PageHeaders): PageRead {
    for (const [name, value] of headers) {
      if (name === 'x-robots-tag') robots.push(...headerDirectives(value))
      if (name === 'link') canonicals.push(...headerCanonicals(value))
      if (name === 'refresh') refresh ??= refreshTarget(value)
    }
    const visible = collapse(unescapeHtml(text))
    const words = visible === '' ? 0 : visible.split(' ').length
    const links = new Map<string, PageLink>()
    for (const { href, nofollow } of hrefs) {
      for (const link of absolute(href)) {
        if (!links.has(link)) links.set(link, { url: link, nofollow })
      }
    }
    return {
      text: visible,
      facts: {
        titles: titles.map((title) => collapse(unescapeHtml(title))),
        descriptions,
        h1: h1.map((heading) => collapse(unescapeHtml(heading))),
        lang: lang === null || lang.trim() === '' ? null : lang.trim(),
        canonicals: [...new Set(canonicals.flatMap(absolute))],
        robots: [...new Set(robots)],
        links: [...links.values()],
        next: next === null ? null : (absolute(next)[0] ?? null),
        hreflang: hreflang.flatMap(({ lang: language, href }) =>
          absolute(href).map((to) => ({ lang: language, url: to })),
        ),
        images: images.flatMap(({ src, ...rest }) =>
          absolute(src).map((at) => ({ url: at, ...rest })),
        ),
        insecure: url.startsWith('https:')
          ? [...new Set(sources.flatMap(absolute))].filter((source) => source.startsWith('http:'))
          : [],
        types: typesOf(jsonLd),
        words,
        isShell: words < SHELL_WORDS && scripts > 0 && roots > 0,
        refresh: refresh === null ? null : (absolute(refresh)[0] ?? null),
      },
    }
  }

  return { listen, resolveAll, facts }
}
