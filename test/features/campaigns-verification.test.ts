import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { DAY, HOUR } from '../../src/core/clock'
import { type Finding, findingOf } from '../../src/features/campaigns/verification'
import { type CampaignWorld, createCampaignWorld, PROOF, type Row } from '../support/campaign-world'
import { answer, type FixtureWeb, fixtureWeb, page } from '../support/fixture-web'

const LANDING = 'https://acme.com/'
const link = (more = '', href = LANDING): string => page(`<a href="${href}" ${more}>Acme</a>`)

describe('what a check makes of a listing', () => {
  type Given = Partial<Parameters<typeof findingOf>[0]['check']> & {
    after?: 'live' | 'suspect' | 'lost' | 'new'
    firstSeenAt?: number
  }
  const judge = ({ after = 'live', firstSeenAt, ...check }: Given, landing = LANDING) =>
    findingOf(
      {
        ...{ after, row: { firstSeenAt: firstSeenAt ?? null } },
        check: { verdict: 'live', reasons: [], links: [], ...check },
      },
      landing,
    )
  const toOf = (finding: Finding | null) => finding && [finding.to, finding.reason]
  const at = (url: string, level: 'exact' | 'path' | 'host' | 'domain') => ({
    links: [{ url, level }],
  })

  test.each<[string, Given, unknown]>([
    ['the link', at(LANDING, 'exact'), ['verified', null]],
    ['the link with a tag', at(`${LANDING}?utm_source=d`, 'path'), ['verified', null]],
    ['a link to www.', at('https://www.acme.com', 'host'), ['verified', null]],
    ['another page', at('https://acme.com/old', 'host'), ['wrong_data', 'other_page']],
    ['another host', at('https://old.acme.com/', 'domain'), ['wrong_data', 'other_page']],
    ['nofollow', { verdict: 'live_nofollow' }, ['live_nofollow', 'nofollow']],
    ['noindex', { verdict: 'live_not_indexable' }, ['live', 'not_indexable']],
    ['no link yet', { verdict: 'missing', after: 'new' }, ['live_no_link', 'missing']],
    ['no page yet', { verdict: 'page_gone', after: 'new' }, ['live_no_link', 'page_gone']],
    ['a first miss', { verdict: 'missing', after: 'suspect', firstSeenAt: 1 }, null],
    ['a loss', { verdict: 'missing', after: 'lost', firstSeenAt: 1 }, ['lost', 'link_lost']],
    ['a wall', { verdict: 'unknown' }, null],
  ])('%s', (_what, given, expected) => {
    expect(toOf(judge(given))).toEqual(expected as never)
  })

  test('a landing page on a host of its own is no other host', () => {
    const shop = 'https://shop.acme.com/'
    expect(toOf(judge(at(shop, 'domain'), shop))).toEqual(['verified', null])
    expect(judge(at(LANDING, 'host'), shop)?.to).toBe('wrong_data')
  })
})

describe('a listing', () => {
  let web: FixtureWeb
  let world: CampaignWorld
  beforeEach(async () => {
    web = await fixtureWeb({})
    world = await createCampaignWorld({ overrides: { resolve: async () => ['127.0.0.1'] } })
  })
  afterEach(async () => {
    await world[Symbol.asyncDispose]()
    web[Symbol.dispose]()
  })

  const look = async (hours = 24 * 8) => {
    world.app.clock.advance(hours * HOUR)
    await world.app.services.loops.run('backlinks.monitor')
  }
  async function live(fixture: Parameters<typeof fixtureWeb>[0][string]): Promise<Row> {
    web.fixtures['dir.example.com/acme'] = fixture
    const { id } = await world.site({ url: LANDING })
    const { rows } = await world.job(id, [1])
    await world.move(rows[0].id, { status: 'submitted', evidence: PROOF })
    const listing_url = web.urlOf('dir.example.com/acme')
    return world.move(rows[0].id, { status: 'live', listing_url })
  }

  test('becomes a watched backlink by itself, is verified, lost, and found again', async () => {
    const { id, backlink_id, listing_url, site_id } = await live(link())
    const watched = (await world.client.get(`/api/v1/backlinks/${backlink_id}`)).json.data
    expect(watched).toMatchObject({ url: listing_url, origin: 'submission', site_id })
    await look(0)
    const verified = await world.show(id)
    expect(verified).toMatchObject({ status: 'verified', reason: null })
    expect(verified.history[0]).toMatchObject({
      ...{ from: 'live', to: 'verified', actor: { kind: 'system', name: 'Link checker' } },
      evidence: { verdict: 'live', final_url: listing_url, http_status: 200 },
    })
    expect(verified.evidence).toEqual(PROOF)
    web.fixtures['dir.example.com/acme'] = page('No more.')
    await look()
    expect((await world.show(id)).status).toBe('verified')
    await look(18)
    expect(await world.show(id)).toMatchObject({ status: 'lost', reason: 'link_lost' })
    const job = await world.jobNow(verified.job_id)
    expect(job.progress).toMatchObject({ lost: 1, verified: 0, live: 0 })
    web.fixtures['dir.example.com/acme'] = link()
    await look()
    expect(await world.show(id)).toMatchObject({ status: 'verified', reason: null })
    const statuses = (await world.events('submission.updated')).map(({ data }) => data.status)
    expect(statuses.slice(-4)).toEqual(['live', 'verified', 'lost', 'verified'])
  })

  test.each([
    ['live_nofollow', link('rel="nofollow"')],
    ['live_no_link', page('Nothing here.')],
    ['wrong_data', link('', 'https://acme.com/elsewhere')],
    ['live', link().replace('<title>', '<meta name="robots" content="noindex"><title>')],
    ['live', answer(503)],
  ])('%s, and verified once it is mended', async (status, fixture) => {
    const { id } = await live(fixture)
    await look(0)
    expect((await world.show(id)).status).toBe(status)
    web.fixtures['dir.example.com/acme'] = link()
    await look()
    expect(await world.show(id)).toMatchObject({ status: 'verified', message: null })
  })

  test('may be found elsewhere, and given up when it is lost', async () => {
    const { id } = await live(page('Nothing here.'))
    await look(0)
    web.fixtures['dir.example.com/shops/acme'] = link()
    const listing_url = web.urlOf('dir.example.com/shops/acme')
    expect(await world.move(id, { status: 'live', listing_url })).toMatchObject({ listing_url })
    await look(0)
    expect((await world.show(id)).status).toBe('verified')
    web.fixtures['dir.example.com/shops/acme'] = page('No more.')
    await look()
    await look(18)
    expect((await world.move(id, { status: 'withdrawn' })).status).toBe('withdrawn')
    web.fixtures['dir.example.com/shops/acme'] = link()
    await look()
    expect((await world.show(id)).status).toBe('withdrawn')
  })

  test('is live but unwatched, and says so, where the plan has no room', async () => {
    await using free = await createCampaignWorld({ plan: 'free' })
    const { id, project_id } = await free.site({ url: LANDING })
    const urls = Array.from({ length: 25 }, (_, n) => `https://e.example.org/${n}`)
    await free.person.post('/api/v1/backlinks', { project_id, urls })
    const { rows } = await free.job(id, [1])
    await free.move(rows[0].id, { status: 'submitted', evidence: PROOF })
    const listing_url = 'https://dir.example.com/acme'
    expect(await free.move(rows[0].id, { status: 'live', listing_url })).toMatchObject({
      ...{ status: 'live', reason: 'not_watched', backlink_id: null },
      message: 'The Free plan allows 25 watched backlinks.',
    })
  })

  test('is not on an address of ours', async () => {
    await using strict = await createCampaignWorld({ env: { OUTBOUND_ALLOW: '' } })
    const { id } = await strict.site()
    const { rows } = await strict.job(id, [1])
    await strict.move(rows[0].id, { status: 'submitted', evidence: PROOF })
    for (const listing_url of ['http://127.0.0.1/a', 'http://[::1]/a', 'https://10.0.0.1/a']) {
      const { status, json } = await strict.patch(rows[0].id, { status: 'live', listing_url })
      expect([status, json.error.code, json.field]).toEqual([400, 'invalid_url', 'listing_url'])
    }
  })
})

test('what was delivered is told to everybody without a name, and to the client each week', async () => {
  await using world = await createCampaignWorld()
  const { id } = await world.site()
  const { rows } = await world.job(id, [1, 2])
  await world.move(rows[0].id, { status: 'submitted', evidence: PROOF })
  world.app.clock.advance(3 * DAY)
  const listing_url = 'https://producthunt.com/products/acme'
  await world.move(rows[0].id, { status: 'live', listing_url })
  const coverage = await world.app.as().get('/api/v1/directories/coverage')
  expect(coverage.json.data.delivery_examples).toEqual([
    { category: 'launch', mode: 'assisted', tier: 'unrated', status: 'live', days_to_live: 3 },
  ])
  expect(coverage.text).not.toMatch(/producthunt|Product Hunt|acme/i)

  world.app.clock.set('2026-03-16T09:00:00.000Z')
  await world.app.services.reports.weekly.run(world.app.clock.now(), new AbortController().signal)
  const { json } = await world.person.get('/api/v1/reports')
  const report = (await world.person.get(`/api/v1/reports/${json.data[0].id}`)).json.data
  expect(report.sections).toContainEqual({
    ...{ key: 'submissions', title: 'Directory submissions' },
    figures: [
      { label: 'Handed in', value: 1, previous: 0 },
      { label: 'Listed', value: 1, previous: 0 },
      { label: 'Links verified', value: 0, previous: 0 },
      { label: 'Rejected', value: 0, previous: 0 },
    ],
    items: [{ label: 'producthunt.com', detail: 'live', url: listing_url }],
  })
})
