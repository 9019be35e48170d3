import { join } from 'node:path'
import { OWNER } from './owner'

const MAIN = join(import.meta.dir, '../../src/main.ts')

export type ServerProcess = AsyncDisposable & {
  /** Without a slash at its end. */
  origin: string
  pid: number
  /** Its exit code, once it has ended. */
  exited: Promise<number>
  /** Asks it to stop, as an operator does; its exit code. */
  stop(): Promise<number>
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>
}

const FROM_SOURCE = [process.execPath, MAIN]

/**
 * The real server in a process of its own, on a free port, once it says that it is ready: from
 * source, or the program that `command` names.
 */
export async function startServer(
  dataDir: string,
  env: Record<string, string> = {},
  command: readonly string[] = FROM_SOURCE,
): Promise<ServerProcess> {
  const child = Bun.spawn([...command, 'serve'], {
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC' },
      ...{ HOST: '127.0.0.1', PORT: '0', DATA_DIR: dataDir },
      ...{ ADMIN_EMAIL: OWNER.email, ADMIN_PASSWORD: OWNER.password },
      ...{ OUTBOUND_ALLOW: '127.0.0.0/8', BALLAST_MB: '0', ...env },
    },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  async function stop(): Promise<number> {
    child.kill('SIGTERM')
    return child.exited
  }
  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await child.exited
  }
  const { origin, rest } = await firstWords(child.stdout)
  // What nobody reads fills the pipe and stops the server.
  const drained = Promise.all([rest(), new Response(child.stderr).text()])
  return {
    origin,
    pid: child.pid,
    exited: child.exited,
    stop,
    kill,
    async [Symbol.asyncDispose]() {
      await kill()
      await drained
    },
  }
}

async function firstWords(stdout: ReadableStream<Uint8Array>) {
  const reader = stdout.getReader()
  const decoder = new TextDecoder()
  let said = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`The server ended at once: ${said}`)
    said += decoder.decode(value, { stream: true })
    const origin = /^ {2}Open +(\S+)$/m.exec(said)?.[1]
    if (!origin || !/ {2}(Sign in|First start) /.test(said)) continue
    const rest = async (): Promise<void> => {
      while (!(await reader.read()).done);
    }
    return { origin: origin.replace('localhost', '127.0.0.1'), rest }
  }
}
