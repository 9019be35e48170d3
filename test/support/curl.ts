export type CurlAnswer = {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the wire shape is what the tests are about.
  json: any
  text: string
}

/**
 * Runs the real curl with the arguments that a page of documentation shows, and reads what it
 * printed. Throws when curl itself fails. Without curl on the machine fetch stands in.
 */
export const curl = (...args: string[]): Promise<CurlAnswer> =>
  Bun.which('curl') ? realCurl(args) : standIn(args)

/** The options of curl that the tests use, done by fetch. */
async function standIn(args: readonly string[]): Promise<CurlAnswer> {
  const headers = new Headers()
  let [method, address, body]: [string, string, string | undefined] = ['GET', '', undefined]
  for (let index = 0; index < args.length; index++) {
    const [option = '', value = ''] = args.slice(index)
    if (!option.startsWith('-')) address = option
    if (!/^-[XHdAeo]$/.test(option)) continue
    index++
    if (option === '-X') method = value
    if (option === '-d') body = value
    if (option === '-A') headers.set('user-agent', value)
    if (option === '-e') headers.set('referer', value)
    if (option === '-H') headers.set(value.split(':', 1)[0] ?? '', value.replace(/^[^:]*: ?/, ''))
  }
  const [globbed, last = '1'] = /\[1-(\d+)\]/.exec(address) ?? ['[]']
  let answer = new Response()
  for (let nth = 1; nth <= Number(last); nth++) {
    const init: RequestInit = { method, headers, redirect: 'manual', ...(body ? { body } : {}) }
    answer = await fetch(address.replace(globbed, String(nth)), init)
  }
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') && text !== ''
  const json: unknown = isJson ? JSON.parse(text) : undefined
  return { status: answer.status, headers: answer.headers, json, text }
}

async function realCurl(args: readonly string[]): Promise<CurlAnswer> {
  const child = Bun.spawn(['curl', '--silent', '--show-error', '--include', ...args], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [output, complaint] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  if ((await child.exited) !== 0) throw new Error(`curl: ${complaint}`)
  const end = output.indexOf('\r\n\r\n')
  const [first = '', ...lines] = output.slice(0, end).split('\r\n')
  const text = output.slice(end + 4)
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const at = line.indexOf(':')
      return [line.slice(0, at), line.slice(at + 1).trim()]
    }),
  )
  const isJson = headers.get('content-type')?.includes('json') && text !== ''
  return {
    status: Number(first.split(' ')[1]),
    headers,
    json: isJson ? JSON.parse(text) : undefined,
    text,
  }
}
