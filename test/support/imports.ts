import type { Answer, Client, TestApp } from './app'

export type Form = Record<string, string>

/** A form with a file, as a browser or curl sends it. */
export async function formOf(file: string | Uint8Array, fields: Form, name = 'links.csv') {
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.append(field, value)
  form.append('file', new Blob([file as BlobPart]), name)
  const response = new Response(form)
  const type = response.headers.get('content-type') ?? ''
  return { body: await response.bytes(), headers: { 'content-type': type } }
}

/** Sends a file to be imported. */
export async function send(client: Client, file: string | Uint8Array, fields: Form = {}) {
  const { body, headers } = await formOf(file, { source: 'csv', ...fields })
  return client.post('/api/v1/imports', body, headers)
}

export type Plan = {
  id: string
  // biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
  data: any
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  rows: any[]
}

/** An import with all of its first hundred rows. */
export async function look(client: Client, id: string): Promise<Plan> {
  const { json } = await client.get(`/api/v1/imports/${id}?limit=100`)
  return { id, data: json.data, rows: json.data.rows }
}

const idOf = ({ status, text, json }: Answer): string => {
  if (status !== 202) throw new Error(`${status}: ${text}`)
  return String(json.data.id)
}

/** Sends a file and reads the plan that is made of it. */
export async function plan(
  app: TestApp,
  client: Client,
  file: string | Uint8Array,
  fields: Form = {},
): Promise<Plan> {
  const id = idOf(await send(client, file, fields))
  await app.services.loops.run('imports')
  return look(client, id)
}

/** Has a plan done and reads what became of it. */
export async function apply(app: TestApp, client: Client, id: string): Promise<Plan> {
  idOf(await client.post(`/api/v1/imports/${id}/apply`))
  await app.services.loops.run('imports')
  return look(client, id)
}
