/** What the API refused, or that it could not be asked. `message` is a sentence for people. */
export class Refusal extends Error {
  constructor({ status, code, message, field, details }) {
    super(message)
    this.status = status
    this.code = code
    this.field = field ?? null
    this.details = details ?? []
  }
}

let csrfToken = null
let workspaceId = null

/** Every later call acts in this workspace. */
export function selectWorkspace(id) {
  workspaceId = id
}

/** The workspace that calls act in, or null. */
export const selectedWorkspace = () => workspaceId

/** Sends one request and answers the whole JSON. Throws {@link Refusal}. */
export async function call(method, path, body) {
  const answer = await ask(method, path, body)
  return (await answer.json().catch(() => null)) ?? {}
}

/** Fetches a file. Throws {@link Refusal}. */
export const fetchFile = async (path) => (await ask('GET', path)).blob()

/** Sends one request; only a 2xx is answered. */
async function ask(method, path, body) {
  const headers = { Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (method !== 'GET' && csrfToken) headers['X-CSRF-Token'] = csrfToken
  if (workspaceId) headers['X-Workspace-Id'] = workspaceId
  const answer = await send(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  })
  if (answer.ok) return answer
  const json = await answer.json().catch(() => null)
  throw new Refusal({
    status: answer.status,
    code: json?.code ?? 'internal',
    message: json?.message ?? `The server answered ${answer.status}. Try again in a moment.`,
    field: json?.field,
    details: json?.details,
  })
}

async function send(path, init) {
  try {
    return await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' })
  } catch {
    throw new Refusal({
      status: 0,
      code: 'unreachable',
      message: 'The server did not answer. Check the connection and try again.',
    })
  }
}

/** The signed-in user, or null. Later calls carry the session's CSRF token. */
export async function findUser() {
  try {
    return remember(await call('GET', '/api/session'))
  } catch (refusal) {
    if (refusal.status === 401) return null
    throw refusal
  }
}

/** Begins a session in this browser. Throws {@link Refusal} `needs_2fa` without a code. */
export async function signIn(credentials) {
  return remember(await call('POST', '/api/session', credentials))
}

function remember(answer) {
  const session = answer.data ?? answer
  csrfToken = session.csrfToken
  return session.user
}
