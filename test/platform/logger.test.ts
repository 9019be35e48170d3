import { expect, test } from 'bun:test'
import { createLogger } from '../../src/platform/logger'

function capture(level: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'debug') {
  const lines: string[] = []
  return { lines, logger: createLogger(level, (line) => lines.push(line)) }
}

test('a line is one JSON object with time, level and message', () => {
  const { lines, logger } = capture()
  logger.info('ready', { port: 3000 })
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', message: 'ready', port: 3000 })
})

test('lines below the level are not written', () => {
  const { lines, logger } = capture('warn')
  logger.info('no')
  logger.warn('yes')
  expect(lines).toHaveLength(1)
})

test('secrets are replaced by name and by look, at any depth', () => {
  const { lines, logger } = capture()
  logger.error('failed for ls_sk_abcdefgh', {
    password: 'hunter2',
    nested: { authorization: 'Bearer x', list: ['whsec_AAAA', 'GET /?secret=12345&task=all'] },
    cause: new Error('with eyJhbGciOi.eyJzdWIi.c2ln inside'),
  })
  const text = lines.join('')
  for (const secret of ['ls_sk_', 'hunter2', 'Bearer x', 'whsec_', '12345', 'eyJ']) {
    expect(text).not.toContain(secret)
  }
  expect(text).toContain('task=all')
})
