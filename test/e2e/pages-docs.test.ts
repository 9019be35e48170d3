import { expect, test } from 'bun:test'
import { createTestApp } from '../support/app'
import { startBrowser } from '../support/browser'

test('the API page renders every group of operations, from this server alone', async () => {
  await using chromium = await startBrowser()
  await using app = await createTestApp({ env: { PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '' } })
  app.runtime.listen()
  const origin = app.services.publicUrl()
  await using visit = await chromium.open()
  const violations: string[] = []
  await visit.page.exposeFunction('noteViolation', (uri: string) => violations.push(uri))
  await visit.page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      const [directive, blocked] = ['violatedDirective', 'blockedURI'].map((name) =>
        Reflect.get(event, name),
      )
      Reflect.get(globalThis, 'noteViolation')(`${directive} ${blocked}`)
    })
  })
  await visit.page.goto(`${origin}/docs`)
  for (const group of ['Authentication', 'Webhooks', 'Links']) {
    await visit.page.getByText(group, { exact: true }).first().waitFor()
  }
  await visit.page.getByText('Links', { exact: true }).first().click()
  await visit.page.getByText('Create a short link').first().waitFor()
  await visit.page.waitForLoadState('networkidle')

  const foreign = visit.requests.filter(
    (url) => !/^(data|blob):/.test(url) && new URL(url).origin !== origin,
  )
  expect(foreign).toEqual([])
  // The script tries once whether it may compile code, is refused, and goes on without.
  expect(violations.filter((violation) => violation !== 'script-src eval')).toEqual([])
  expect(visit.complaints).toEqual([])
}, 120_000)
