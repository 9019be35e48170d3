import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type BacklinkWorld, backlinkWorld, LINK } from '../support/backlink-world'
import { answer, page } from '../support/fixture-web'

const NOFOLLOW = page('<a rel="nofollow" href="https://acme.com/">Acme</a>')
const NOINDEX = page(LINK, '<meta name="robots" content="noindex">')
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((host) => `${host}.example.net/p`) as [
  ...[string, string, string, string],
]

let world: BacklinkWorld
beforeEach(async () => {
  world = await backlinkWorld({ [A]: page(LINK), [B]: NOFOLLOW, [C]: NOINDEX, [D]: page(LINK) })
})
afterEach(() => world[Symbol.asyncDispose]())

const actions = async () => {
  const { json } = await world.client.get(`/api/v1/projects/${world.project.id}/status`)
  return json.actions
}
const changed = async () =>
  (await world.told('project.changed')).filter(
    ({ data }: { data: { action: string } }) => data.action === 'checks_changed',
  )

test('lost, nofollow and unindexable backlinks are one decision, in the words of the seed', async () => {
  await world.watch(B)
  await world.run()
  expect(await actions()).toEqual({
    needsReview: true,
    summary: '1 decision needs you.',
    items: [
      {
        id: 'protect:open_cluster',
        label: 'Backlink issue cluster',
        count: 1,
        href: `/projects/${world.project.id}/backlinks`,
        description: '1 link issue is grouped into one triage pass.',
        actionLabel: 'Open triage',
      },
    ],
    background: 0,
  })
  await world.watch(A, C, D)
  await world.run()
  world.web.fixtures[A] = answer(410)
  await world.later(24)
  // A miss that waits to be confirmed needs nobody.
  expect(await actions()).toMatchObject({ items: [{ count: 2 }], background: 1 })
  await world.later(13)
  const { items, background } = await actions()
  expect([items.length, items[0].count, background]).toEqual([1, 3, 0])
  expect(items[0].description).toBe('3 link issues are grouped into one triage pass.')
})

test('only a check that sees it done closes it', async () => {
  await world.watch(B)
  await world.run()
  world.web.fixtures[B] = answer(503)
  await world.later(24)
  expect(await actions()).toMatchObject({ needsReview: true, items: [{ count: 1 }] })
  world.web.fixtures[B] = page(LINK)
  await world.later(24)
  expect(await actions()).toMatchObject({ needsReview: false, items: [], background: 0 })
})

test('what cannot be seen is handled quietly', async () => {
  await world.watch(A)
  await world.run()
  world.web.fixtures[A] = answer(403)
  await world.later(24)
  expect(await actions()).toMatchObject({ summary: 'Nothing needs you. 1 item handled quietly.' })
})

test('each run that changes it is told once as project.changed', async () => {
  await world.watch(A, B, C)
  await world.run()
  expect(await changed()).toMatchObject([
    { projectId: world.project.id, data: { project: { id: world.project.id, name: 'Acme' } } },
  ])
  await world.later(24)
  expect(await changed()).toHaveLength(1)
  world.web.fixtures[B] = page(LINK)
  await world.later(24)
  expect(await changed()).toHaveLength(2)
})

test('a backlink that is watched no longer takes its issue along', async () => {
  const [id] = await world.watch(B)
  await world.run()
  await world.client.delete(`/api/v1/backlinks/${id}`)
  expect((await actions()).items).toEqual([])
  expect(await changed()).toHaveLength(2)
})
