import { Elysia } from 'elysia'
import { ASSET_NAMES, serveAsset } from './assets'
import { type PageName, pageResponse, type ShellPage, shellResponse } from './pages'

export type LandingDeps = {
  /** Origin that people use, without a trailing slash. */
  publicUrl: () => string
  version: string
}

const DOORS = ['setup', 'login', 'signup', 'invite', 'verify', 'reset', 'account'] as const

/** Pages with tokens in their address are nothing for an index. */
const ROBOTS =
  'User-agent: *\nAllow: /$\nAllow: /directories-coverage$\nAllow: /tools/backlink-check$\nDisallow: /\n'

/** The landing page and the small pages around an account, with all that they load. */
export const landingRoutes = ({ publicUrl, version }: LandingDeps) => {
  const respond = (page: PageName, status = 200) =>
    pageResponse(page, { version, publicUrl: publicUrl() }, status)
  const app = new Elysia({ name: 'dashboard', detail: { hide: true } })
    .get('/', () => respond('landing'))
    .get('/favicon.ico', ({ request }) => serveAsset('icon.svg', request))
    .get('/robots.txt', () => new Response(ROBOTS, { headers: ROBOTS_HEADERS }))
  for (const page of DOORS) app.get(`/${page}`, () => respond(page))
  // Invitations carry their token in the path as well.
  app.get('/invite/:token', () => respond('invite'))
  for (const name of ASSET_NAMES) {
    app.get(`/assets/${name}`, ({ request }) => serveAsset(name, request))
  }
  return app
}

const ROBOTS_HEADERS = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Cache-Control': 'public, max-age=86400',
}

/** Puts pages of features into the shell of all pages. */
export const shellOf =
  (version: string) =>
  (page: Omit<ShellPage, 'version'>, answer?: Parameters<typeof shellResponse>[1]): Response =>
    shellResponse({ ...page, version }, answer)

/** What a browser sees where nothing is. */
export const notFoundPage = (): Response => pageResponse('not-found', { version: '' }, 404)
