import { expect, test } from 'bun:test'
import { mayFetch } from '../../src/core/robots'
import { robotsOf } from '../../src/core/robots-answer'

const FILE = 'User-agent: *\nDisallow: /private'
const may = (answer: Parameters<typeof robotsOf>[0], path: string, kept?: string) =>
  mayFetch(robotsOf(answer, kept ?? null).robots, 'linkstead-scan', path).allowed

test('an answer in the 200s is read', () => {
  expect(may({ status: 200, text: FILE }, '/private')).toBe(false)
  expect(may({ status: 200, text: FILE }, '/')).toBe(true)
})

test.each([301, 400, 401, 403, 404, 410])('%d allows everything', (status) => {
  expect(robotsOf({ status, text: FILE })).toMatchObject({
    ...{ kind: 'allow_all', reason: `robots_${status}` },
  })
  expect(may({ status, text: FILE }, '/private')).toBe(true)
})

test.each([429, 500, 503])('%d forbids everything', (status) => {
  expect(robotsOf({ status, text: '' })).toMatchObject({
    ...{ kind: 'disallow_all', reason: `robots_${status}` },
  })
  expect(may({ status, text: '' }, '/')).toBe(false)
})

test('silence forbids everything, unless an earlier file is still fresh', () => {
  expect(may(null, '/')).toBe(false)
  expect(robotsOf(null).reason).toBe('robots_unreachable')
  expect(may(null, '/', FILE)).toBe(true)
  expect(may(null, '/private', FILE)).toBe(false)
  expect(may({ status: 503, text: '' }, '/', FILE)).toBe(true)
})
