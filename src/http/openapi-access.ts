import type { Access } from '../core/access'
import type { Json } from './openapi-schemas'

/** How callers say who they are. */
export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret key (`ls_sk_…`) or an access token.',
  },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'A secret key.' },
  publishable: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A publishable key (`ls_pk_…`) in a web page of its allowed origins; 60 requests a minute per address.',
  },
  cronQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'secret',
    description: 'CRON_SECRET of the server.',
  },
  cronBearer: { type: 'http', scheme: 'bearer', description: 'CRON_SECRET of the server.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'linkstead_session',
    description: 'The dashboard; unsafe methods also need the header X-CSRF-Token.',
  },
}

const ANY_CREDENTIAL: Json[] = [{ bearer: [] }, { apiKey: [] }, { session: [] }]

/** Accesses that are but a name: the credentials that may be used, and what is said of them. */
const NAMED: Record<Extract<Access, string>, { security: Json[]; sentence: string }> = {
  public: { security: [], sentence: 'Open to everyone.' },
  superadmin: {
    security: [{ session: [] }],
    sentence: 'For a superadmin signed in to the dashboard.',
  },
  operator: {
    security: [{ cronQuery: [] }, { cronBearer: [] }, { session: [] }],
    sentence:
      'For whoever has CRON_SECRET, and for a superadmin signed in to the dashboard, with the header X-CSRF-Token.',
  },
  'signed-in': { security: ANY_CREDENTIAL, sentence: 'For any key, token or session.' },
  tools: {
    security: ANY_CREDENTIAL,
    sentence: 'For any key, token or session; each tool asks for its own scope.',
  },
}

/** Which credentials may be used, with the scopes that a key needs. */
export function securityOf(access: Access): Json[] {
  if (typeof access === 'string') return NAMED[access].security
  if ('session' in access) return [{ session: [] }]
  if ('person' in access) return [{ bearer: [] }, { session: [] }]
  const pages = access.publishable ? [{ publishable: [] }] : []
  return [{ bearer: [] }, { apiKey: [] }, ...pages, { session: [] }]
}

export function accessSentence(access: Access): string {
  if (typeof access === 'string') return NAMED[access].sentence
  if ('session' in access) return 'For people signed in to the dashboard.'
  if ('person' in access) return 'For signed-in people; keys are refused.'
  const scopes = [access.scope].flat().map((scope) => `\`${scope}\``)
  const needs = access.feature ? ` Needs the plan feature \`${access.feature}\`.` : ''
  const keys = access.keyFeature && ` By key it needs the plan feature \`${access.keyFeature}\`.`
  return `Scope: ${scopes.join(' or ')}.${needs}${keys ?? ''}`
}

/** Whether an Idempotency-Key counts. What the schedule does is done once by itself. */
export const isRepeatable = (method: string, access: Access): boolean =>
  method === 'POST' && access !== 'public' && access !== 'operator'
