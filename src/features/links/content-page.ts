import { escapeHtml } from '../../core/html'
import { cardName, type TextPayload, type VcardPayload, type WifiPayload } from './content'
import { targetFor } from './control'
import { inlineQr } from './qr'
import type { LinkRow } from './table'
import { wifiUri } from './wifi'

export type PageParts = { title: string; main: string }

const heading = (text: string): string => `<h1 dir="auto">${escapeHtml(text)}</h1>`

/** A row of the list; `html` is already safe. */
const entry = (term: string, html: string): string =>
  `<div><dt>${escapeHtml(term)}</dt><dd dir="auto" class="lines">${html}</dd></div>`

const list = (entries: (string | false | null | undefined | '')[]): string =>
  `<dl>${entries.filter(Boolean).join('')}</dl>`

/** The page of a typed link, or undefined for kind url. */
export function contentPage({ payload, title, slug }: LinkRow): PageParts | undefined {
  if (payload === null) return undefined
  if ('ssid' in payload) return wifiPage(payload, title)
  if ('text' in payload) return textPage(payload, title)
  return cardPage(payload, title, slug)
}

const SECURITY = { WPA: 'WPA', WEP: 'WEP', nopass: 'none: anyone can join' } as const

function wifiPage(wifi: WifiPayload, title: string | null): PageParts {
  const { ssid, encryption, password, hidden } = wifi
  const shown = title || 'Wi-Fi'
  const secret =
    password &&
    entry(
      'Password',
      `<code id="password">${escapeHtml(password)}</code><br>` +
        '<button type="button" class="button" data-copy="password" hidden>Copy password</button>',
    )
  const facts = list([
    entry('Network', `<strong>${escapeHtml(ssid)}</strong>`),
    secret,
    entry('Security', SECURITY[encryption]),
    hidden && entry('Hidden', 'It is not in the list of networks: type its name.'),
  ])
  const code =
    `<div class="code" role="img" aria-label="QR code to join the network">` +
    `${inlineQr(wifiUri(wifi))}</div>` +
    '<p class="soft">Point the camera of another phone at the code to join.</p>'
  return { title: shown, main: `${heading(shown)}${facts}${code}` }
}

function textPage({ text }: TextPayload, title: string | null): PageParts {
  const shown = title || 'Note'
  // A line break right after <pre> would be swallowed.
  return { title: shown, main: `${heading(shown)}<pre dir="auto">\n${escapeHtml(text)}</pre>` }
}

const listOf = (value: string | string[] | null | undefined): string[] => [value ?? []].flat()

const link = (href: string, text: string): string =>
  `<a href="${escapeHtml(href)}" rel="nofollow noopener noreferrer">${escapeHtml(text)}</a>`

function cardPage(card: VcardPayload, title: string | null, slug: string): PageParts {
  const { organization, url, address, note } = card
  const name = cardName(card)
  const facts = list([
    card.title && entry('Position', escapeHtml(card.title)),
    organization && entry('Organisation', escapeHtml(organization)),
    ...listOf(card.phone).map((phone) =>
      entry('Telephone', link(`tel:${phone.replace(/[^+0-9*#]/g, '')}`, phone)),
    ),
    ...listOf(card.email).map((email) => entry('E-mail', link(`mailto:${email}`, email))),
    url && entry('Website', link(new URL(url).href, url)),
    address && entry('Address', escapeHtml(address)),
    note && entry('Note', escapeHtml(note)),
  ])
  const save = `<p><a class="button" href="/l/${slug}.vcf" download>Save contact</a></p>`
  const shown = facts === '<dl></dl>' ? '' : facts
  return { title: title || name, main: `${heading(name)}${shown}${save}` }
}

/** What stands behind a short link, for those who look before they follow. */
export function previewPage(row: LinkRow, created: string, summary: string | null): PageParts {
  const title = 'Where this link leads'
  const facts = row.passwordHash === null ? leadsTo(row, summary) : [GUARDED]
  const follow = `<p><a class="button" href="/${row.slug}" rel="nofollow noreferrer">Follow the link</a></p>`
  return {
    title,
    main: `${heading(title)}${list([...facts, entry('Created', `<time>${created}</time>`)])}${follow}`,
  }
}

/** A password protects the address too. */
const GUARDED = entry('Leads to', 'what its password opens')

function leadsTo({ targetUrl, utm, rules, variants }: LinkRow, summary: string | null) {
  if (targetUrl === null) {
    return [
      entry('Leads to', 'a page on this server'),
      summary && entry('About', escapeHtml(summary)),
    ]
  }
  const given = [...(rules ?? []), ...(variants ?? [])].map(({ url }) => targetFor(url, utm).url)
  // Where there are variants, somebody sees each of them and nobody the link's own target.
  const targets = [...new Set(variants ? given : [targetUrl, ...given])]
  const [only = targetUrl, ...others] = targets
  const address = (url: string) => entry('Full address', `<code>${escapeHtml(url)}</code>`)
  if (others.length === 0) {
    return [entry('Website', `<strong>${escapeHtml(new URL(only).host)}</strong>`), address(only)]
  }
  return [entry('Leads to', 'one of several addresses'), ...targets.map(address)]
}
