import { join } from 'node:path'
import { OWNER } from './owner'

const MAIN = join(import.meta.dir, '../../src/main.ts')

/** Runs a command of the program on a data directory, as an operator does in a shell. */
export async function runCommand(
  dataDir: string,
  args: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
) {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', BALLAST_MB: '0' },
      ...{ DATA_DIR: dataDir, HOST: '127.0.0.1', PORT: '0', ...env },
    },
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code: await child.exited, out, err }
}

/** What the first superadmin of a test server is made with. */
export const FIRST_ADMIN = { ADMIN_EMAIL: OWNER.email, ADMIN_PASSWORD: OWNER.password }
