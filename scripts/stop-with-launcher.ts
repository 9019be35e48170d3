/**
 * Loaded before the server by `bun run start`. npx hands SIGTERM to a shell that dies without
 * passing it on, which would leave a server behind that nobody sees. So when one of the two
 * processes above this one is replaced as a parent, the server is asked to stop.
 */
import { readFileSync } from 'node:fs'

const CHECK_EVERY_MS = 500

const runner = process.ppid

/** The parents that matter: of this process, and of `bun run` above it. Linux only. */
function ancestry(): string {
  try {
    const stat = readFileSync(`/proc/${runner}/stat`, 'utf8')
    // The name of a process may hold spaces and parentheses; the fields follow the last one.
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(')') + 1).split(' ')[2]}`
  } catch {
    return `${process.ppid}`
  }
}

const launchedBy = ancestry()
const check = setInterval(() => {
  if (ancestry() === launchedBy) return
  clearInterval(check)
  process.kill(process.pid, 'SIGTERM')
}, CHECK_EVERY_MS)
check.unref()
