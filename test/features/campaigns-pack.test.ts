import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { cutItems, cutProse, driftOf, packOf, textsOf } from '../../src/features/campaigns/pack'
import { pageText } from '../../src/features/campaigns/page-text'
import { type AskedField, PACK_FIELDS, USUAL_FIELDS } from '../../src/features/directories/recipe'

const SITE = {
  ...{ url: 'https://acme.com/', name: 'Acme', description: null, version: 3 },
  profile: {
    ...{ tagline: 'Anvils that last', categories: ['tools', 'shops', 'iron'], founded_year: 1949 },
    address: { street: 'Weg 1', postal_code: '50667', city: 'Köln', country: 'DE' },
    pricing_model: 'one_time' as const,
  },
}

const ask = (field: AskedField['field'], more: Partial<AskedField> = {}): AskedField => ({
  ...{ field, required: false, max_length: null, input: null },
  ...more,
})

const lengthOf = (text: string): number => [...text].length

describe('text within a limit', () => {
  test('is whole where it fits, else ends after a word and says so', () => {
    expect(cutProse('A shop for anvils', 17)).toBe('A shop for anvils')
    expect(cutProse('A shop for anvils', 16)).toBe('A shop for…')
    expect(cutProse('Donaudampfschiff', 6)).toBe('Donau…')
    expect(cutProse('👍👍👍', 2)).toBe('👍…')
  })

  test('never exceeds it, whatever it says', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 80 })
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 60 }), (given, max) => {
        const cut = cutProse(given, max)
        expect(lengthOf(cut)).toBeLessThanOrEqual(max)
        if (lengthOf(given) <= max) return expect(cut).toBe(given)
        expect(cut.endsWith('…')).toBe(true)
        expect(given.startsWith(cut.slice(0, -1))).toBe(true)
        expect(cut.isWellFormed()).toBe(given.isWellFormed())
      }),
    )
  })

  test('leaves out whole items, never a part of one', () => {
    expect(cutItems(['tools', 'shops', 'iron'], 12)).toBe('tools, shops')
    expect(cutItems(['tools', 'shops'], 4)).toBe('')
    const items = fc.array(fc.string({ minLength: 1, maxLength: 12 }))
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 60 }), (all, max) => {
        const text = cutItems(all, max)
        expect(lengthOf(text)).toBeLessThanOrEqual(max)
        expect([...all.keys(), all.length].map((n) => all.slice(0, n).join(', '))).toContain(text)
      }),
    )
  })
})

describe('what a directory is told', () => {
  test('is in its order, within its limits, and from what the profile has', () => {
    const pack = packOf(SITE, [
      ask('tagline', { max_length: 10 }),
      ask('name', { required: true }),
      ask('categories', { max_length: 12 }),
      ask('address'),
      ask('pricing_model'),
      ask('founded_year'),
      ask('phone', { required: true }),
    ])
    expect(pack.lines.map(({ field, text, cut }) => [field, text, cut])).toEqual([
      ...([['tagline', 'Anvils…', true]] as [string, string, boolean][]),
      ...([['name', 'Acme', false]] as [string, string, boolean][]),
      ...([['categories', 'tools, shops', true]] as [string, string, boolean][]),
      ...([['address', 'Weg 1, 50667 Köln, DE', false]] as [string, string, boolean][]),
      ...([['pricing_model', 'one time', false]] as [string, string, boolean][]),
      ...([['founded_year', '1949', false]] as [string, string, boolean][]),
      ...([['phone', null, false]] as unknown as [string, string, boolean][]),
    ])
    expect([pack.version, pack.missing]).toEqual([3, ['phone']])
  })

  test('owes what would have to be cut and leads nowhere then', () => {
    const { lines, missing } = packOf(SITE, [ask('url', { required: true, max_length: 10 })])
    expect([lines[0]?.text, lines[0]?.cut, missing]).toEqual([null, true, ['url']])
  })

  test('falls back on the one description that every site may have', () => {
    const { missing } = packOf(SITE, USUAL_FIELDS)
    expect(missing).toEqual(['short_description'])
    const described = { ...SITE, description: 'A shop for anvils.' }
    expect(packOf(described, USUAL_FIELDS).missing).toEqual([])
  })

  test('drifts when the profile says otherwise, and not by its version alone', () => {
    const all = PACK_FIELDS.map((field) => ask(field))
    const submitted = textsOf(packOf(SITE, all))
    expect(driftOf(submitted, packOf({ ...SITE, version: 4 }, all))).toEqual([])
    const changed = { ...SITE, name: 'Acme Ltd', profile: { ...SITE.profile, tagline: undefined } }
    const { tagline: _, ...profile } = changed.profile
    expect(driftOf(submitted, packOf({ ...changed, profile }, all))).toEqual([
      { field: 'name', submitted: 'Acme', now: 'Acme Ltd' },
      { field: 'tagline', submitted: 'Anvils that last', now: null },
    ])
  })
})

describe('the text of a page', () => {
  test('is what a reader sees of it', () => {
    const html = `<html><head><style>b{}</style><script>var a = "Thank you" < 3</script></head>
      <body class="x">Thank <b>you</b>\n for your listing!<!-- no --></body></html>`
    expect(pageText(html)).toContain('Thank you for your listing!')
    expect(pageText('<script>Thank you')).toBe('')
    expect(pageText('a < b')).toBe('a')
  })

  test('takes a hostile page of a quarter of a megabyte in its stride', () => {
    expect(pageText('<script '.repeat(32_768))).toBe('')
    expect(pageText('<'.repeat(262_144))).toBe('')
  })
})
