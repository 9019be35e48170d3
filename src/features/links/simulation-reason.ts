import { toIso } from '../../core/clock'
import type { RuleConditions } from './control'
import {
  CLOSED_SENTENCES,
  type ClosedReason,
  type DecidedLink,
  type Decision,
  type VisitFacts,
} from './decision'
import type { LinkRow } from './table'

export type Reasoning = {
  row: LinkRow
  decided: DecidedLink
  decision: Decision
  facts: VisitFacts
  nowMs: number
  /** Whether the visitor has a name, so that percentages and variants are theirs. */
  named: boolean
}

/** Why a visit ends where it does, in sentences for people. */
export function reasonOf(reasoning: Reasoning): string {
  const { row, decision } = reasoning
  if (decision.kind === 'closed') return closedReason(row, decision.reason)
  const before = row.passwordHash === null ? [] : ['The password is asked for first.']
  const after = row.trackConversions ? ['The id of the click is appended as ls_id.'] : []
  return [...new Set([...before, ...whereTo(reasoning), ...after])].join(' ')
}

function closedReason(row: LinkRow, reason: ClosedReason): string {
  const { title } = CLOSED_SENTENCES[reason]
  const facts: Record<ClosedReason, string> = {
    paused: '',
    early: ` before ${toIso(row.startsAt ?? 0)}`,
    expired: `: it ended at ${toIso(row.expiresAt ?? 0)}`,
    used_up: `: its limit is ${row.clickLimit} clicks`,
  }
  const instead = row.expiredUrl
    ? 'Visitors are sent to its expiredUrl.'
    : 'Visitors see a page that says so (410).'
  return `${title}${facts[reason]}. ${instead}`
}

function whereTo(reasoning: Reasoning): string[] {
  const { row, decision } = reasoning
  if (decision.kind !== 'go') return []
  if (row.targetUrl === null) return [`A link of kind ${row.kind} shows its page.`]
  const [rules, variants] = [row.rules ?? [], row.variants ?? []]
  const index = rules.findIndex(({ key }) => key === decision.rule)
  const rule = rules[index]
  const missed = missedShares(reasoning, rule ? index : rules.length)
  if (rule) {
    const what = described(rule.conditions)
    return [...missed, `Rule ${index + 1} is the first that holds: ${what}.`]
  }
  const none = rules.length > 0 ? ['No rule holds.'] : []
  const place = variants.findIndex(({ key }) => key === decision.variant)
  const variant = variants[place]
  if (!variant) return [...missed, ...none, 'The link leads to its url.']
  const sum = variants.reduce((total, { weight }) => total + weight, 0)
  const share = `Variant ${place + 1} of ${variants.length}, with weight ${variant.weight} of ${sum}, falls to this visitor.`
  return [...missed, ...none, share, ...nameless(reasoning)]
}

/** Rules before the one that decided which only the draw of this visitor has ruled out. */
function missedShares(reasoning: Reasoning, end: number): string[] {
  const { decided, row, facts, nowMs } = reasoning
  const lucky = { ...facts, draw: () => 0 }
  const missed = (decided.control?.rules ?? []).slice(0, end).flatMap((rule, index) => {
    if (!rule.holds(lucky, nowMs)) return []
    const share = row.rules?.[index]?.conditions.percentage
    return [`Rule ${index + 1} holds for ${share} % of such visitors, not for this one.`]
  })
  return missed.length > 0 ? [...missed, ...nameless(reasoning)] : []
}

const nameless = ({ named }: Reasoning): string[] =>
  named ? [] : ['Send visitor, any text that stands for a person, to draw for somebody else.']

function described(conditions: RuleConditions): string {
  const { query, from, until, percentage, ...lists } = conditions
  return [
    ...Object.entries(lists).map(([name, values]) => `${name} is ${values.join(' or ')}`),
    ...Object.entries(query ?? {}).map(([name, value]) => `the query has ${name}=${value}`),
    ...(from === undefined ? [] : [`it is not before ${toIso(from)}`]),
    ...(until === undefined ? [] : [`it is before ${toIso(until)}`]),
    ...(percentage === undefined ? [] : [`the visitor is among its ${percentage} %`]),
  ].join(', ')
}
