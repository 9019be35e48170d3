import type { Database as Sqlite } from 'bun:sqlite'
import { type Config, readConfig } from '../config'
import { readArguments } from './arguments'
import { damaged, examineDatabase, openForDoctor } from './checks/database'
import type { Finding } from './checks/finding'
import { examineMachine } from './checks/machine'
import { examineNetwork } from './checks/network'
import { examineWork } from './checks/work'

const USAGE = 'doctor [--json]'
const SIGNS = { ok: '  ok       ', warning: '  warning  ', problem: '  PROBLEM  ' } as const

/**
 * Looks at everything, beside a running server or without one, and changes nothing. Exit code 0
 * when all is well or only warned about, 1 with a problem; settings that cannot be read are 2.
 */
export async function doctor(args: readonly string[]): Promise<number> {
  const { has } = readArguments(args, { usage: USAGE, flags: ['json'] })
  const findings = await examine()
  const problems = findings.filter(({ verdict }) => verdict === 'problem')
  if (has('json'))
    console.log(JSON.stringify({ healthy: problems.length === 0, findings }, null, 2))
  else console.log(report(findings, problems.length))
  return problems.length === 0 ? 0 : 1
}

async function examine(): Promise<Finding[]> {
  const config = readConfig()
  const machine = examineMachine(config)
  const network = examineNetwork(config)
  if (machine.some(({ check, verdict }) => check === 'directory' && verdict === 'problem')) {
    return [...machine, ...(await network)]
  }
  const opened = openForDoctor(config.dataDir)
  if ('verdict' in opened) return [...machine, opened, ...(await network)]
  try {
    return [...machine, ...(await examineContents(opened, config)), ...(await network)]
  } finally {
    opened.close()
  }
}

async function examineContents(sqlite: Sqlite, config: Config): Promise<Finding[]> {
  const found: Finding[] = []
  try {
    found.push(...examineDatabase(sqlite, config))
    if (found.some(({ verdict }) => verdict === 'problem')) return found
    return [...found, ...(await examineWork(sqlite, config))]
  } catch (error) {
    // Damage shows itself anywhere that is read.
    return [...found, damaged(error)]
  }
}

function report(findings: readonly Finding[], problems: number): string {
  const lines = findings.flatMap(({ check, verdict, says, advice }) => [
    `${SIGNS[verdict]}${check.padEnd(16)} ${says}`,
    ...(advice === undefined ? [] : [`${' '.repeat(28)}→ ${advice}`]),
  ])
  const sum = problems === 0 ? 'Nothing is wrong.' : `${problems} to mend.`
  return [...lines, '', sum].join('\n')
}
