import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startBrowser, type TestBrowser } from '../support/browser'
import { OWNER } from '../support/owner'
import { expectUsable, openProjectWindow, signInHere } from '../support/project-window'

let chromium: TestBrowser
beforeAll(async () => {
  chromium = await startBrowser()
}, 120_000)
afterAll(() => chromium[Symbol.asyncDispose]())

const nothing = (): void => undefined
const PHONE = {
  ...{ viewport: { width: 320, height: 640 }, colorScheme: 'dark' as const },
  reducedMotion: 'reduce' as const,
}

type Window = Awaited<ReturnType<typeof openProjectWindow>>

/** The project of the website, in the owner's first workspace; answers its id. */
function addProject({ app }: Window, domain = 'acme.example'): string {
  const { projects } = app.services
  const website = projects.parseWebsite(domain)
  return projects.ensure(app.seed.owner().principal, { website }).row.id
}

test('who is signed out comes back after the sign-in, and never to another server', async () => {
  await using visit = await openProjectWindow(chromium, nothing, PHONE)
  const { page, origin } = visit
  const id = addProject(visit)
  await page.goto(`/projects/${id}`)
  await page.waitForURL(`**/login?next=%2Fprojects%2F${id}%2Factions`)
  await signInHere(page)
  await page.waitForURL(`**/projects/${id}/actions`)
  await page.getByText('Waiting to start').waitFor()
  await expectUsable(page)
  for (const next of ['https://elsewhere.example/', '//elsewhere.example', 'javascript:alert(1)']) {
    await page.goto(`/login?next=${encodeURIComponent(next)}`)
    await signInHere(page)
    await page.waitForURL(`${origin}/account`)
  }
  await page.goto(`/login?next=${encodeURIComponent('/.//elsewhere.example')}`)
  await signInHere(page)
  await page.waitForURL(`${origin}//elsewhere.example`)
  expect(visit.complaints).toEqual([])
}, 120_000)

test('a project of somebody else, and none at all, are nothing; one of another workspace is found', async () => {
  await using visit = await openProjectWindow(chromium, nothing, PHONE)
  const { page, app } = visit
  const { principal } = await app.seed.tenant()
  const website = app.services.projects.parseWebsite('secret.example')
  const foreign = app.services.projects.ensure(principal, { website }).row.id
  await page.goto('/login')
  await signInHere(page)
  await page.waitForURL('**/account')
  for (const id of [foreign, 'proj_none', '%2e%2e%2fx']) {
    await page.goto(`/projects/${id}/actions`)
    await page.getByRole('heading', { level: 1, name: 'There is nothing here.' }).waitFor()
    expect(await page.title()).toBe('Not found · Linkstead')
    expect(await page.content()).not.toContain('secret')
    expect(await page.locator('#page').isVisible()).toBe(false)
  }
  const made = await page.evaluate(async () => {
    const session = await (await fetch('/api/session')).json()
    const headers = {
      'content-type': 'application/json',
      'x-csrf-token': (session.data ?? session).csrfToken,
    }
    const workspace = await fetch('/api/v1/workspaces', {
      ...{ method: 'POST', headers, body: JSON.stringify({ name: 'Client B' }) },
    })
    const { data } = await workspace.json()
    const project = await fetch('/api/v1/projects', {
      method: 'POST',
      headers: { ...headers, 'x-workspace-id': data.id },
      body: JSON.stringify({ domain: 'acme.example' }),
    })
    return { workspace: data.id, path: (await project.json()).links.dashboard }
  })
  await page.goto(made.path)
  await page.getByText('Waiting to start').waitFor()
  // From then on this tab acts in that workspace.
  await page.getByRole('link', { name: 'All projects' }).click()
  await page.locator('#projects').getByRole('link', { name: 'acme.example' }).waitFor()
  expect(await page.getByLabel('Workspace').inputValue()).toBe(made.workspace)
  expect(visit.complaints).toEqual([])
}, 120_000)

test('a page that nobody looks at asks nothing, and asks again when it is seen', async () => {
  await using visit = await openProjectWindow(chromium, nothing)
  const { page } = visit
  const id = addProject(visit)
  let asked = 0
  page.on('request', (request) => {
    if (request.url().endsWith('/status')) asked += 1
  })
  await page.goto('/login')
  await signInHere(page)
  await page.waitForURL('**/account')
  await page.clock.install()
  await page.goto(`/projects/${id}/actions`)
  await page.getByText('Waiting to start').waitFor()
  const turn = (hidden: boolean) =>
    page.evaluate((is) => {
      Object.defineProperty(document, 'hidden', { value: is, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, hidden)
  const answered = () => page.waitForResponse((response) => response.url().endsWith('/status'))
  const [, first] = [await Promise.all([answered(), page.clock.runFor(2_500)]), asked]
  expect(first).toBe(2)
  await turn(true)
  await page.clock.runFor(600_000)
  expect(asked).toBe(first)
  await visit.scan()
  await Promise.all([answered(), turn(false)])
  await page.getByText('Ready', { exact: true }).waitFor()
  await page.clock.runFor(600_000)
  expect(asked).toBe(first + 1)
  expect(visit.complaints).toEqual([])
}, 120_000)

test('what a scan did not see is said with its reasons, and refusals in the words of the API', async () => {
  await using visit = await openProjectWindow(chromium, ({ robots, listed, pages }) => {
    robots.push('Disallow: /hidden')
    pages.get('/page-1')?.links.push('/hidden/page')
    listed.add('/hidden/page')
  })
  const { page, app } = visit
  const id = addProject(visit)
  await visit.scan()
  await page.goto(`/projects/${id}/actions`)
  await signInHere(page)
  await page.getByText('Addresses that were not read').click()
  const unseen = page.locator('#unseen > li')
  expect(await unseen.count()).toBe(1)
  expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0)
  expect(await unseen.textContent()).toContain('/hidden/page')
  expect(await unseen.textContent()).toContain('The robots.txt of the website does not let us')
  await page.getByText('There is no scan before').waitFor()
  await expectUsable(page)
  app.services.projects.delete(app.seed.owner().principal, id)
  await page.getByRole('button', { name: 'Scan again' }).click()
  await page.locator('#page-status.error').waitFor()
  expect(await page.locator('#page-status').textContent()).toMatch(/project/i)
  expect(visit.complaints).toEqual([])
}, 120_000)

test('a website that may not be added is refused in words', async () => {
  await using visit = await openProjectWindow(chromium, nothing, PHONE)
  const { page, app } = visit
  const { projects } = app.services
  const { principal, email } = await app.seed.tenant({ plan: 'free' })
  await page.goto('/login?next=/projects')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(OWNER.password)
  await page.keyboard.press('Enter')
  await page.getByText('No projects yet.').waitFor()
  async function refusalOf(domain: string): Promise<string> {
    await page.getByLabel('Domain').fill(domain)
    await page.keyboard.press('Enter')
    const said = page.locator('#new-project').locator('.field-error, .status.error')
    return (await said.textContent()) ?? ''
  }
  {
    using _claim = projects.claim(principal, projects.parseWebsite('acme.example'))
    expect(await refusalOf('acme.example')).toContain('acme.example')
  }
  await page.keyboard.press('Enter')
  await page.getByText('acme.example is a project now.').waitFor()
  expect(await refusalOf('beyond.example')).toMatch(/^The Free plan allows 1 project/)
  expect(await page.getByLabel('Domain').inputValue()).toBe('beyond.example')
  expect(visit.complaints).toEqual([])
}, 120_000)
