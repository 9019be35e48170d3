import { z } from 'zod'
import { type Tool, tool } from '../../http/tool'
import type { LinkPreparation } from './preparation'
import {
  ChangedLink,
  CreatedLink,
  CreateLink,
  LinkList,
  LinkParams,
  LinkQuery,
  ListLinks,
  OneLink,
  toLink,
  toLinkWithAnalytics,
  UpdateLink,
} from './schema'
import type { LinkService } from './service'
import type { LinkSimulations } from './simulation'
import { Simulate, Simulation } from './simulation-schema'

export type LinkToolDeps = {
  links: LinkService
  linkPreparation: LinkPreparation
  linkSimulations: LinkSimulations
}

const READ = { scope: 'links:read' } as const
const WRITE = { scope: 'links:write' } as const

/** Told in words, since its parts depend on the kind. */
const payload = z
  .looseObject({})
  .describe(
    'Of kind wifi {ssid, encryption: WPA|WEP|nopass, password?, hidden?}, vcard {firstName, lastName, organization?, title?, email?, phone?, url?, address?, note?} or text {text}.',
  )

const NamedLink = z.object({ ...LinkParams.shape, ...LinkQuery.shape })

export const linkTools = (deps: LinkToolDeps): Tool[] => [
  ...writingTools(deps),
  ...readingTools(deps),
]

const writingTools = ({ links, linkPreparation }: LinkToolDeps): Tool[] => [
  tool({
    name: 'links_create',
    title: 'Create a short link',
    description:
      'Create a short link to a URL, or one that holds Wi-Fi credentials, a contact card or a text. Answers its address as `shortUrl`.',
    access: WRITE,
    effect: 'adds',
    input: CreateLink.extend({ payload: payload.nullish() }),
    output: CreatedLink,
    async run({ principal, once }, given) {
      const input = await linkPreparation.create(principal, given)
      return once(() => {
        const { link, usage } = links.create(principal, input)
        return { data: toLink(link), usage }
      })
    },
  }),
  tool({
    name: 'link_update',
    title: 'Change a short link',
    description:
      'Change what is given of a short link: its target, slug, title, folder, tags, rules, limits; `isActive: false` pauses it.',
    access: WRITE,
    effect: 'changes',
    input: UpdateLink.extend({ payload: payload.optional(), ...NamedLink.shape }),
    output: ChangedLink,
    async run({ principal, once }, { id, domain, ...given }) {
      const input = await linkPreparation.update(principal, id, given, domain)
      return once(() => ({ data: toLink(links.update(principal, id, input, domain)) }))
    },
  }),
]

const readingTools = ({ links, linkSimulations }: LinkToolDeps): Tool[] => [
  tool({
    name: 'links_list',
    title: 'List short links',
    description: 'List or search the short links of the workspace with their clicks.',
    access: READ,
    effect: 'reads',
    input: ListLinks,
    output: LinkList,
    async run({ principal }, query) {
      const { data, meta } = await links.list(principal, query)
      const { total, limit, offset } = meta
      return { total, limit, offset, data: data.map(toLink), meta }
    },
  }),
  tool({
    name: 'link_get',
    title: 'Show a short link',
    description: 'Read one short link with its clicks by country, device and referrer.',
    access: READ,
    effect: 'reads',
    input: NamedLink,
    output: OneLink,
    run({ principal }, { id, domain }) {
      const { link, breakdown } = links.requireWithAnalytics(principal, id, domain)
      return { data: toLinkWithAnalytics(link, breakdown) }
    },
  }),
  tool({
    name: 'link_simulate',
    title: 'Simulate a visit',
    description:
      'Say where an imagined visitor of a short link would go, and by which rule. Counts nothing.',
    access: READ,
    effect: 'reads',
    input: Simulate.extend(NamedLink.shape),
    output: Simulation,
    run: ({ principal }, { id, domain, ...visit }) => ({
      data: linkSimulations.simulate(principal, id, visit, domain),
    }),
  }),
]
