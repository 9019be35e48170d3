/**
 * `bun run faults [name]… [argument]…`: the fault scripts of this folder, all of them or those named,
 * one after another, each with the arguments. Each is a program of its own that ends with 0 when
 * what must hold did hold.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const scripts = readdirSync(import.meta.dir)
  .filter((file) => /^[a-z-]+\.ts$/.test(file) && file !== 'run.ts')
  .map((file) => file.replace(/\.ts$/, ''))
  .sort()
const given = process.argv.slice(2)
const names = given.filter((word) => scripts.includes(word))
const args = given.slice(names.length)
if (
  given.slice(0, names.length).join() !== names.join() ||
  (given.length > 0 && names.length === 0)
) {
  process.stderr.write(`bun run faults [name]… [argument]…: there are ${scripts.join(', ')}.\n`)
  process.exit(2)
}
let failed = 0
for (const name of names.length > 0 ? names : scripts) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, `${name}.ts`), ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if ((await child.exited) === 0) continue
  failed += 1
  process.stdout.write(`FAILED ${name}\n`)
}
process.exit(failed === 0 ? 0 : 1)
