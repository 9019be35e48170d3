import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { advance, type Sighting, UNWATCHED } from '../../src/features/backlinks/states'
import { backlinkWorld } from '../support/backlink-world'
import { answer, type Fixture, page } from '../support/fixture-web'

/** What a page may be, and what a check should see of it. */
const PAGES = {
  linked: page('<a href="https://acme.com/">Acme</a>'),
  renamed: page('<a href="https://acme.com/">Acme Inc.</a>'),
  nofollow: page('<a rel="nofollow" href="https://acme.com/">Acme</a>'),
  empty: page('Nothing of that kind.'),
  gone: answer(410),
  walled: answer(403),
  broken: answer(500),
} satisfies Record<string, Fixture>
type Kind = keyof typeof PAGES

const SIGHTINGS: Record<Kind, Sighting['kind']> = {
  ...{ linked: 'seen', renamed: 'seen', nofollow: 'seen', empty: 'missed', gone: 'missed' },
  ...{ walled: 'unseen', broken: 'unseen' },
}

const kind = fc.constantFrom(...(Object.keys(PAGES) as Kind[]))
const step = fc.tuple(
  fc.integer({ min: 1, max: 100 }),
  fc.array(kind, { minLength: 4, maxLength: 4 }),
)
const story = fc.array(step, { minLength: 3, maxLength: 12 })

/** What the rules make of one page of a story, check by check. */
function expected(kinds: readonly Kind[], times: readonly number[]) {
  let [watched, seenAs] = [UNWATCHED, undefined as Kind | undefined]
  return kinds.map((what, index) => {
    const said = SIGHTINGS[what]
    const changed = seenAs !== undefined && seenAs !== what
    const sighting = said === 'seen' ? { kind: said, changed } : { kind: said }
    if (said === 'seen') seenAs = what
    const { after, turn } = advance(watched, sighting, times[index] ?? 0)
    watched = after
    return { state: after.state, turn }
  })
}

test('whatever pages become, the server makes of them what the rules say', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      await using world = await backlinkWorld()
      const places = [0, 1, 2, 3].map((nth) => `h${nth}.example.net/p`)
      const ids = await world.watch(...places)
      const times: number[] = []
      for (const [hours, kinds] of steps) {
        for (const [nth, what] of kinds.entries()) {
          world.web.fixtures[places[nth] ?? ''] = PAGES[what]
        }
        await world.later(hours)
        times.push(world.app.clock.now())
      }
      for (const [nth, id] of ids.entries()) {
        const kinds = steps.map(([, all]) => all[nth] ?? 'linked')
        const { history } = await world.show(id)
        const found = history
          .map(({ state_after: state, turn }: Record<string, string>) => ({ state, turn }))
          .reverse()
        expect(found).toEqual(expected(kinds, times))
      }
    }),
    { numRuns: 12 },
  )
}, 60_000)
