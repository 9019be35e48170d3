import { expect, test } from 'bun:test'
import { parseAgentName } from '../../src/core/agent-names'

test('a trait is known by its own name and by what people call it, whatever the case', () => {
  expect(parseAgentName('os', ' MACOS ')).toBe('Mac OS')
  expect(parseAgentName('browser', 'google chrome')).toBe('Chrome')
  expect(parseAgentName('device', 'Mobile')).toBe('mobile')
})

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', ''])(
  'the word %p names nothing',
  (word) => {
    for (const trait of ['device', 'os', 'browser'] as const) {
      expect(parseAgentName(trait, word)).toBeUndefined()
    }
  },
)
