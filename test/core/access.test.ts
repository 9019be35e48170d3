import { describe, expect, test } from 'bun:test'
import { expandScopes, RESOURCES, roleCovers, SCOPES, scopesOfRole } from '../../src/core/access'

describe('scopes', () => {
  test('a resource stands for reading and writing it', () => {
    expect([...expandScopes(['links'])]).toEqual(['links:read', 'links:write'])
  })

  test('* stands for all of them', () => {
    expect(expandScopes(['*']).size).toBe(RESOURCES.length * 2)
  })

  test.each(['link:read', 'links:delete', '', '**', 'LINKS', '__proto__', 'links:read '])(
    '%p is refused with its place in the list',
    (name) => {
      expect(() => expandScopes(['links:read', name])).toThrow(
        expect.objectContaining({ code: 'validation_failed' }),
      )
    },
  )
})

describe('roles', () => {
  test('owner and admin hold every scope', () => {
    expect(scopesOfRole('owner').size).toBe(SCOPES.length)
    expect(scopesOfRole('admin').size).toBe(SCOPES.length)
  })

  test('a viewer reads everything and writes nothing', () => {
    expect([...scopesOfRole('viewer')].every((scope) => scope.endsWith(':read'))).toBe(true)
    expect(scopesOfRole('viewer').size).toBe(RESOURCES.length)
  })

  test('a member writes content but neither keys, webhooks nor the workspace', () => {
    const scopes = scopesOfRole('member')
    expect(scopes.has('links:write')).toBe(true)
    expect(scopes.has('keys:write')).toBe(false)
    expect(scopes.has('webhooks:write')).toBe(false)
    expect(scopes.has('workspaces:write')).toBe(false)
  })

  test('each role covers itself and the ones below', () => {
    expect(roleCovers('owner', 'admin')).toBe(true)
    expect(roleCovers('member', 'member')).toBe(true)
    expect(roleCovers('viewer', 'member')).toBe(false)
  })
})
