import { expect, test } from 'bun:test'
import { coveragePageRoutes } from '../../src/dashboard/coverage-page'
import { createTestApp } from '../support/app'
import { dashboardOf } from '../support/signed-in'

const PATH = '/directories-coverage'

/** Captions of the tables with what each row says. */
function tablesIn(html: string): Record<string, [string, number][]> {
  const tables = [...html.matchAll(/<caption>([^<]*)<\/caption>([\s\S]*?)<\/table>/g)]
  return Object.fromEntries(
    tables.map(([, caption = '', rows = '']) => [
      caption,
      [...rows.matchAll(/<th scope="row">([^<]*)<svg[\s\S]*?<td>(\d+)<\/td>/g)].map(
        ([, name = '', count]): [string, number] => [name, Number(count)],
      ),
    ]),
  )
}

test('the page says in tables what the route answers', async () => {
  await using app = await createTestApp()
  const page = await app.as().get(PATH)
  const { json } = await app.as().get('/api/v1/directories/coverage')
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  const tables = tablesIn(page.text)
  const counts = (rows: { count: number }[]) => rows.map(({ count }) => count)
  for (const [caption, rows] of [
    ['By price', json.data.by_price],
    ['By way in', json.data.by_mode],
    ['By rating', json.data.by_tier],
    ['By category', json.data.by_category],
  ]) {
    expect([caption, tables[caption]?.map(([, count]) => count)]).toEqual([caption, counts(rows)])
  }
  expect(tables['By rating']?.[0]).toEqual(['Unrated', json.data.total])
  expect(tables['By rating']?.[2]?.[0]).toBe('DR 31–50')
  expect(page.text).toContain(`${json.data.total} directories are known`)
})

test('the page follows an import of the operator', async () => {
  await using app = await createTestApp()
  const operator = await dashboardOf(app, app.seed.owner())
  const before = tablesIn((await app.as().get(PATH)).text)
  const csv = 'home_url,name,price,dr,categories\nhttps://new.example/,New,paid,42,<b>odd</b>\n'
  const done = await operator.post('/api/v1/admin/directories/import', { csv, source: 'test' })
  expect(done.json.data.created).toBe(1)
  const { text } = await app.as().get(PATH)
  const paid = (tables: typeof before) => tables['By price']?.find(([name]) => name === 'Paid')?.[1]
  expect(paid(tablesIn(text))).toBe((paid(before) ?? 0) + 1)
  expect(tablesIn(text)['By rating']).toContainEqual(['DR 31–50', 1])
  expect(text).not.toContain('<b>odd')
})

test('neither the page nor the route has the name or address of any directory', async () => {
  await using app = await createTestApp()
  const key = app.as(app.seed.owner().key())
  const page = (await app.as().get(PATH)).text
  const { text } = await app.as().get('/api/v1/directories/coverage')
  const shown = page.slice(page.indexOf('<main'), page.indexOf('</main>')) + text
  const known: { name: string; key: string }[] = []
  for (let cursor = ''; ; ) {
    const { json } = await key.get(`/api/v1/directories?limit=100${cursor}`)
    known.push(...json.data)
    if (json.meta.nextCursor === null) break
    cursor = `&cursor=${json.meta.nextCursor}`
  }
  expect(
    known.filter(({ name, key: host }) => shown.includes(name) || shown.includes(host)),
  ).toEqual([])
  expect(known.length).toBeGreaterThan(90)
})

test('examples of submissions are a table, once there are some', async () => {
  const none = { total: 0, by_category: [], by_price: [], by_mode: [], by_tier: [] }
  const example = {
    ...{ category: 'launch', mode: 'email' as const, tier: 'dr_51_70' as const },
    ...{ status: 'pending_review', days_to_live: null },
  }
  const pageWith = async (delivery_examples: (typeof example)[]) => {
    const coverage = () => ({ ...none, delivery_examples })
    const app = coveragePageRoutes({ directories: { coverage }, version: '1' })
    return (await app.handle(new Request(`http://localhost${PATH}`))).text()
  }
  expect(await pageWith([])).toContain('there are no examples to show')
  expect(await pageWith([example])).toContain(
    '<tr><th scope="row">Launch</th><td>Email</td><td>DR 51–70</td><td>Pending review</td><td>–</td></tr>',
  )
})
