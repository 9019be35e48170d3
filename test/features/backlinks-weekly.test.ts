import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type BacklinkWorld, backlinkWorld, LINK } from '../support/backlink-world'
import { answer, page } from '../support/fixture-web'
import { runWeekly } from '../support/report-world'

const [A, B] = ['a.example.net/p', 'b.example.net/p']

let world: BacklinkWorld
beforeEach(async () => {
  world = await backlinkWorld({ [A]: page(LINK), [B]: page(LINK) })
})
afterEach(() => world[Symbol.asyncDispose]())

const at = (iso: string): void => world.app.clock.set(iso)
const newest = async () => {
  await runWeekly(world.app)
  const { json } = await world.client.get('/api/v1/reports')
  return (await world.client.get(`/api/v1/reports/${json.data[0].id}`)).json.data.sections
}

test('the weekly report says which backlinks are new, lost and recovered', async () => {
  await world.watch(A, B)
  await world.run()
  at('2026-03-16T08:00:00.000Z')
  const [first] = await newest()
  expect(first).toMatchObject({ key: 'backlinks', title: 'Backlinks' })
  expect(first.figures).toEqual([
    { label: 'Lost backlinks', value: 0, previous: 0 },
    { label: 'Recovered backlinks', value: 0, previous: 0 },
    { label: 'New backlinks', value: 2, previous: 0 },
    { label: 'Backlinks watched', value: 2, previous: null },
  ])
  world.web.fixtures[A] = answer(410)
  await world.later(24)
  await world.later(24)
  at('2026-03-23T08:00:00.000Z')
  const [second] = await newest()
  expect(second.figures.map(({ value, previous }: never) => [value, previous])).toEqual([
    ...[
      [1, 0],
      [0, 0],
      [0, 2],
      [2, null],
    ],
  ])
  const url = world.web.urlOf(A)
  expect(second.items).toEqual([{ label: url.replace('http://', ''), detail: 'Lost', url }])
})

test('it says nothing of backlinks where none are watched', async () => {
  at('2026-03-16T08:00:00.000Z')
  await runWeekly(world.app)
  const { json } = await world.client.get('/api/v1/reports')
  expect(json.data[0]).toMatchObject({ status: 'quiet' })
})
