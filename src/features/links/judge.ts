import type { Clock } from '../../core/clock'
import type { Entitlements } from '../billing/service'
import type { Domains } from '../domains/service'
import type { LinkKind } from './content'
import {
  type ControlChange,
  type Controls,
  controlChange,
  type GivenControl,
  needsLinkRules,
  requireSound,
} from './control-judge'
import { changedFields, type WantedFields } from './history'
import type { LinkRow } from './table'
import { parseLinkTarget } from './target'

export type LinkJudgeDeps = {
  clock: Clock
  domains: Pick<Domains, 'servesLinks'>
  entitlements: Pick<Entitlements, 'requireFeature'>
  publicUrl: () => string
}

const UNCONTROLLED: Controls = {
  ...{ startsAt: null, expiresAt: null, expiredUrl: null, clickLimit: null },
  ...{ rules: null, variants: null, forwardQuery: false, trackConversions: false },
}

/** Judges what callers ask of links, before and in the transaction that does it. */
export function createLinkJudge({ clock, domains, entitlements, publicUrl }: LinkJudgeDeps) {
  const targetOf = (url: string, field = 'url'): URL =>
    parseLinkTarget(url, publicUrl(), { servesLinks: domains.servesLinks, field })

  return {
    /** The target that a URL names. Throws `invalid_url`. */
    targetOf,

    /**
     * The control of a new link; one that moves here may have ended already. Throws `invalid_url`,
     * `validation_failed`.
     */
    newControl(kind: LinkKind, given: GivenControl, movesHere: boolean): Controls {
      const asked = definedOf(controlChange(given, targetOf))
      const control = { ...UNCONTROLLED, ...asked }
      requireSound({ kind, ...control }, asked, movesHere ? Number.NEGATIVE_INFINITY : clock.now())
      return control
    },

    /** A change of a link's control. Throws `invalid_url`, `validation_failed`. */
    controlChange(before: LinkRow, given: GivenControl): ControlChange {
      const change = controlChange(given, targetOf)
      const changed = changedFields(before, change)
      requireSound({ ...before, ...changed }, changed, clock.now())
      return change
    },

    /** What was a good target once may be this server's own address now. Throws `invalid_url`. */
    requireTargets({ originalUrl, expiredUrl, rules, variants }: WantedFields): void {
      if (originalUrl) targetOf(originalUrl)
      if (expiredUrl) targetOf(expiredUrl, 'expiredUrl')
      for (const [index, { url }] of (rules ?? []).entries()) targetOf(url, `rules.${index}.url`)
      for (const [index, { url }] of (variants ?? []).entries()) {
        targetOf(url, `variants.${index}.url`)
      }
    },

    /** Throws `plan_feature_required` for what the workspace's plan does not have. */
    requireFeatures(workspaceId: string, changes: Partial<LinkRow>): void {
      if (changes.payload) entitlements.requireFeature(workspaceId, 'typed_links')
      if (needsLinkRules(changes)) entitlements.requireFeature(workspaceId, 'link_rules')
    },
  }
}

function definedOf(change: ControlChange): Partial<Controls> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
