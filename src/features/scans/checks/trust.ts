import { finding, findingsOf, htmlPages, type SiteView } from '../site-view'
import type { Check } from './check'
import { byPage, bySite } from './proof'

const PRIVACY =
  /privacy|data-?protection|datenschutz|privacidad|confidentialite|privacidade|gdpr|dsgvo/i
const CONTACT = /contact|kontakt|contatt|impressum|imprint|about-?us/i

/** Short ones are renewed when a third of their time is left, and are late only after that. */
const CERTIFICATE_DAYS = 21

/** Nothing of a kind is only known where all was seen, and there was something to see. */
function absent(site: SiteView, kind: RegExp, evidence: string) {
  const pages = htmlPages(site)
  if (!site.complete || pages.length === 0) return []
  const isThere = pages.some(
    ({ url, facts }) =>
      kind.test(new URL(url).pathname) ||
      facts.links.some((link) => kind.test(new URL(link.url).pathname)),
  )
  return isThere ? [] : [finding(site, site.start, evidence)]
}

export const trustChecks = {
  http_not_redirected: {
    group: 'trust',
    provenBy: (site) => site.httpLeadsToHttps === true,
    severity: 'critical',
    effort: 'S',
    title: 'http does not lead to https',
    why: 'Who types the address without https is read along by others.',
    howToFix: 'Redirect every address of http to https with 301.',
    find: (site) =>
      site.httpLeadsToHttps === false
        ? [
            finding(
              site,
              site.start.replace(/^https:/, 'http:'),
              'answers without a redirect to https',
            ),
          ]
        : [],
  },
  certificate_ending: {
    group: 'trust',
    provenBy: (site) => site.certificate !== null,
    severity: 'warning',
    effort: 'S',
    title: 'The certificate ends soon and was not renewed',
    why: 'From that day on browsers warn everybody away.',
    howToFix: 'Renew the certificate, and see to it that this goes by itself.',
    find(site) {
      if (site.certificate === null) return []
      const { daysLeft, days } = site.certificate
      const isDue = daysLeft < Math.min(CERTIFICATE_DAYS, days / 3)
      return isDue ? [finding(site, site.start, `${daysLeft} days left`)] : []
    },
  },
  mixed_content: {
    group: 'trust',
    provenBy: byPage,
    severity: 'warning',
    effort: 'S',
    title: 'Pages of https fetch parts over http',
    why: 'Browsers block such parts or warn of them.',
    howToFix: 'Fetch them over https.',
    find: (site) => findingsOf(site, htmlPages(site), ({ facts }) => facts.insecure[0]),
  },
  privacy_missing: {
    group: 'trust',
    provenBy: bySite,
    severity: 'note',
    effort: 'M',
    title: 'There is no page on privacy',
    why: 'Visitors, shops and advertisers look for it, and the law often asks for it.',
    howToFix: 'Publish one and link to it from every page.',
    find: (site) => absent(site, PRIVACY, 'no address or link names one'),
  },
  contact_missing: {
    group: 'trust',
    provenBy: bySite,
    severity: 'note',
    effort: 'S',
    title: 'There is no page to get in touch',
    why: 'Who cannot ask does not buy.',
    howToFix: 'Publish one and link to it from every page.',
    find: (site) => absent(site, CONTACT, 'no address or link names one'),
  },
} satisfies Record<string, Check>
