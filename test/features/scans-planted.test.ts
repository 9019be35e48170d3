import { expect, test } from 'bun:test'
import { DAY } from '../../src/core/clock'
import type { Action } from '../../src/features/scans/schema'
import {
  answerOf,
  FAULTS,
  type FixtureSite,
  foundOf,
  healthySite,
  numbered,
} from '../support/planted-site'
import { createScannedApp, type ScannedApp } from '../support/scanned-app'

const PAGES = 500

const healthy = (origin: string): FixtureSite => healthySite(origin, PAGES)

function planted(origin: string): FixtureSite {
  const site = healthy(origin)
  for (const { plant } of FAULTS) plant(site)
  return site
}

/** The project's actions by the key of their check. */
async function actionsOf({ client, path }: ScannedApp): Promise<Map<string, Action>> {
  const { json } = await client.get(`${path}/actions`)
  return new Map(json.data.map((action: Action) => [action.key, action]))
}

async function scanAgain(world: ScannedApp): Promise<string> {
  world.app.clock.advance(DAY)
  const { status, json } = await world.client.post(`${world.path}/scans`)
  expect(status).toBe(202)
  await world.scan()
  return json.data.id
}

test('a healthy site of 500 pages gives no action; planted faults give theirs and no others, which close and come back with the faults', async () => {
  let site: FixtureSite | undefined
  let build = healthy
  await using world = await createScannedApp((path, origin) => {
    site ??= build(origin)
    return answerOf(site, path)
  })
  const become = (next: typeof build): void => {
    build = next
    site = undefined
  }
  await world.scan()
  const first = (await world.client.get(`${world.path}/scans/${world.scanRunId}`)).json.data
  expect(first).toMatchObject({ status: 'ready', reason: null, pagesFetched: PAGES })
  expect([...(await actionsOf(world)).keys()]).toEqual([])

  become(planted)
  await scanAgain(world)
  const opened = await actionsOf(world)
  const wanted = foundOf(FAULTS)
  const found = new Map<string, string[]>()
  for (const key of opened.keys()) {
    const { json } = await world.client.get(`${world.path}/pages?check=${key}&limit=100`)
    const urls: string[] = json.data.map(({ url }: { url: string }) => url)
    found.set(key, urls.map((url) => url.slice(world.origin.length)).toSorted())
  }
  // What is no page stands among the samples alone.
  for (const [key, action] of opened) {
    if (found.get(key)?.length === 0)
      found.set(
        key,
        action.sampleUrls.map((url) => url.slice(world.origin.length)),
      )
  }
  expect(Object.fromEntries([...found].toSorted())).toEqual(
    Object.fromEntries([...wanted].toSorted()),
  )
  for (const [key, { status, affectedCount }] of opened)
    expect([key, status, affectedCount]).toEqual([key, 'open', wanted.get(key)?.length ?? 0])

  become(healthy)
  const fixedBy = await scanAgain(world)
  const closed = await actionsOf(world)
  expect(closed.size).toBe(opened.size)
  for (const [key, action] of closed) {
    expect([key, action.status, action.verifiedByScanId, action.affectedCount]).toEqual([
      ...[key, 'done', fixedBy, 0],
    ])
  }
  const { diff } = (await world.client.get(`${world.path}/scans/${fixedBy}`)).json.data
  expect(diff.actions.fixed.toSorted()).toEqual([...wanted.keys()].toSorted())

  become((origin) => {
    const next = healthy(origin)
    for (const { plant, found: by } of FAULTS) if (by.h1_missing) plant(next)
    return next
  })
  await scanAgain(world)
  const again = await actionsOf(world)
  for (const [key, { status }] of again)
    expect([key, status]).toEqual([key, key === 'h1_missing' ? 'regressed' : 'done'])
  expect(again.get('h1_missing')?.sampleUrls).toEqual([`${world.origin}${numbered(23)}`])
}, 120_000)
