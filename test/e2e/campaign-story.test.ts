import { expect, test } from 'bun:test'
import { DAY, HOUR } from '../../src/core/clock'
import { createMailer } from '../../src/platform/mailer'
import { type CampaignWorld, createCampaignWorld, type Row } from '../support/campaign-world'
import { fixtureWeb, page } from '../support/fixture-web'
import { parsedMail } from '../support/report-world'
import { smtpServer } from '../support/smtp-server'

const HOME = 'https://acme.com/'
const listing = page(`<a href="${HOME}">Acme</a> sells anvils.`)

/** Four places that list websites, each in its way, and one that a small plan does not reach. */
async function directories(world: CampaignWorld, urlOf: (place: string) => string) {
  const permission = {
    ...{ granted_by: 'Dora', granted_at: '2026-03-01T09:00:00Z' },
    text: 'One listing per website by POST is fine with us.',
  }
  return {
    assisted: await world.directory({
      home_url: 'https://hand.example/',
      mode: 'assisted',
      dr: '20',
    }),
    email: await world.directory(
      { home_url: 'https://mail.example/', name: 'Mail List', mode: 'email', dr: '30' },
      { submit_email: 'editors@mail.example' },
    ),
    form: await world.directory(
      { home_url: 'https://form.example/', mode: 'form' },
      {
        fields: [
          { field: 'name', required: true, input: 'title' },
          { field: 'url', required: true, input: 'link' },
          { field: 'founded_year', required: true, input: 'since' },
        ],
        form: {
          ...{ action_url: urlOf('127.0.0.1/add'), success_text: 'We have it', permission },
          constants: [],
        },
      },
    ),
    paid: await world.directory({ home_url: 'https://paid.example/', mode: 'paid', price: 'paid' }),
    great: await world.directory({ home_url: 'https://great.example/', dr: '85' }),
  }
}

/** The servers of this story: a mail server, a form, and pages that come to be. */
async function createStory() {
  const smtp = await smtpServer()
  const posted: string[] = []
  const web = await fixtureWeb({
    '127.0.0.1/add': (request, response) => {
      request.on('data', (chunk: Buffer) => posted.push(chunk.toString()))
      request.on('end', () => response.writeHead(303, { location: '/thanks' }).end())
    },
    '127.0.0.1/thanks': page('We have it, thank you.'),
  })
  const world = await createCampaignWorld({
    plan: 'free',
    overrides: {
      mailer: createMailer({ smtpUrl: smtp.url, from: 'Linkstead <post@agency.example>' }),
      resolve: async () => ['127.0.0.1'],
    },
  })
  const ids = await directories(world, web.urlOf)
  return {
    ...{ smtp, posted, web, world, ids },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      web[Symbol.dispose]()
      await smtp[Symbol.asyncDispose]()
    },
  }
}

type Story = Awaited<ReturnType<typeof createStory>>

/** The submission to a directory, as it is now. */
async function now({ world }: Story, jobId: string, directory: number): Promise<Row> {
  const rows = await world.rows(jobId)
  return world.show(rows.find((row) => row.directory.id === directory).id)
}

/** A job as far as a small plan goes, and a profile that is filled in afterwards. */
async function begin({ world, ids }: Story): Promise<string> {
  const { person } = world
  // The inventory ends where the plan does; a job says so, and makes what it can.
  const reached: Row[] = (await person.get('/api/v1/directories?limit=100&offset=100')).json.data
  expect(reached.map(({ id }) => id)).not.toContain(ids.great)
  const site = (await person.post('/api/v1/sites', { url: HOME, description: 'Anvils.' })).json.data
  const { job } = await world.job(site.id, Object.values(ids))
  expect(job.progress.total).toBe(4)
  expect(job.skipped).toMatchObject([{ directory_id: ids.great, reason: 'above_plan_cap' }])
  const over = { site_id: site.id, directory_ids: [1, 2] }
  expect((await person.post('/api/v1/jobs', over)).status).toBe(402)

  // Nobody can submit what has no name; it goes on by itself once there is one.
  expect((await world.jobNow(job.id)).progress.needs_action).toBe(4)
  await person.patch(`/api/v1/sites/${site.id}`, {
    ...{ name: 'Acme', founded_year: 1949, email: 'hello@acme.com' },
  })
  await world.run()
  const states = (await world.rows(job.id)).map(({ mode, status, reason }) => [
    mode,
    status,
    reason,
  ])
  expect(states).toEqual([
    ['assisted', 'ready', null],
    ['email', 'needs_action', 'draft_approval'],
    ['form', 'needs_action', 'draft_approval'],
    ['paid', 'needs_action', 'budget_approval'],
  ])
  return job.id
}

/** What people do: fill in, approve, pay. */
async function handIn(story: Story, jobId: string): Promise<void> {
  const { world, ids } = story
  // By hand: claimed, filled in from the copy, handed in with proof.
  const assisted = await now(story, jobId, ids.assisted)
  expect(assisted.pack.fields[0]).toMatchObject({ field: 'name', text: 'Acme' })
  const until = new Date(world.app.clock.now() + HOUR).toISOString()
  await world.move(assisted.id, { status: 'claimed', until })
  const evidence = { confirmation_url: 'https://hand.example/thanks' }
  await world.move(assisted.id, { status: 'submitted', evidence })

  // By mail and by form: what a person has read is what goes out.
  for (const directory of [ids.email, ids.form]) {
    const { id, draft } = await now(story, jobId, directory)
    await world.move(id, { approval: { draft: draft.hash } })
  }
  // For money: an owner says how much, then a person pays and hands in.
  const { id } = await now(story, jobId, ids.paid)
  await world.move(id, { approval: { amount: 4900, currency: 'EUR' } })
  await world.move(id, { status: 'submitted', evidence: { message_id: '<r1@paid.example>' } })
}

/** The directories decide; what they list becomes watched by itself. */
async function list(story: Story, jobId: string): Promise<string[]> {
  const { world, web, ids } = story
  const places = {
    [ids.assisted]: 'hand.example.com/acme',
    [ids.email]: 'mail.example.com/acme',
    [ids.form]: 'form.example.com/acme',
  }
  for (const [directory, place] of Object.entries(places)) {
    web.fixtures[place] = listing
    const { id } = await now(story, jobId, Number(directory))
    await world.move(id, { status: 'live', listing_url: web.urlOf(place) })
  }
  const { id } = await now(story, jobId, ids.paid)
  await world.move(id, { status: 'rejected', message: 'No shops.' })
  return Object.values(places).map(web.urlOf)
}

test('a campaign goes from a site to verified links, on a small plan, without a hand on the database', async () => {
  await using story = await createStory()
  const { world, smtp, posted, web, ids } = story
  const { loops } = world.app.services
  const jobId = await begin(story)
  await handIn(story, jobId)
  await world.run()
  await loops.run('mails')
  await world.run()
  const mail = await parsedMail(smtp.received[0]?.source ?? '')
  expect([smtp.received.length, mail.to]).toEqual([1, 'editors@mail.example'])
  expect((await now(story, jobId, ids.email)).evidence.sent_to).toBe('editors@mail.example')
  expect(posted).toEqual(['title=Acme&link=https%3A%2F%2Facme.com%2F&since=1949'])
  expect((await now(story, jobId, ids.form)).evidence).toMatchObject({
    ...{ final_url: web.urlOf('127.0.0.1/thanks'), http_status: 200 },
  })

  // All is handed in: the job has ended, which says nothing of listings yet.
  expect(await world.jobNow(jobId)).toMatchObject({
    ...{ status: 'completed', progress: { total: 4, submitted: 4, live: 0, verified: 0 } },
  })
  expect(await world.events('job.completed')).toMatchObject([{ data: { id: jobId } }])

  world.app.clock.advance(5 * DAY)
  const listings = await list(story, jobId)
  await loops.run('backlinks.monitor')
  expect((await world.jobNow(jobId)).progress).toMatchObject({
    ...{ total: 4, submitted: 0, live: 0, verified: 3, rejected: 1 },
  })
  const watched: Row[] = (await world.person.get('/api/v1/backlinks')).json.data
  expect(watched.map(({ url, verdict }) => `${url} ${verdict}`).toSorted()).toEqual(
    listings.map((url) => `${url} live`).toSorted(),
  )

  // Every step is there to be shown to the client.
  const { history } = await now(story, jobId, ids.form)
  expect(history.map(({ to, actor }: Row) => `${to} by ${actor.name}`).toReversed()).toEqual([
    ...['queued by Ada', 'needs_action by Linkstead', 'queued by Linkstead'],
    ...['needs_action by Linkstead', 'sending by Ada', 'submitted by Linkstead'],
    ...['live by Ada', 'verified by Link checker'],
  ])
})
