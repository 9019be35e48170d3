import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  type Brand,
  createDetector,
  DETECTOR_VERSION,
} from '../../src/features/visibility/detector'
import corpus from '../corpora/names-in-answers.json'

const PROMPT = 'Which tools would you recommend?'
const brand = (
  id: string,
  terms: readonly (string | Brand['terms'][number])[],
  rest = {},
): Brand => ({
  ...{ id, negatives: [], domains: [], ...rest },
  terms: terms.map((term) => (typeof term === 'string' ? { text: term } : term)),
})

const ACME = brand('acme', ['Acme'], { negatives: ['Acme Bank'], domains: ['acme.com'] })
const NOTION = brand('notion', ['Notion'])
const detector = createDetector([ACME, NOTION, brand('tokyo', ['東京電力'])])

const spansOf = (answer: string, prompt = PROMPT) =>
  detector
    .detect(answer, prompt)
    .spans.map(({ brand: id, kind, start, end }) => [...[id, kind, answer.slice(start, end)]])

type Labelled = (typeof corpus.answers)[number]
const panels: Record<string, Brand[]> = corpus.panels

function namedIn({ panel, answer, prompt }: Labelled): Set<string> {
  const { spans } = createDetector(panels[panel] ?? []).detect(answer, prompt)
  return new Set(spans.filter(({ kind }) => kind === 'named').map((span) => span.brand))
}

describe('the corpus of labelled answers', () => {
  const judged = corpus.answers.map((labelled) => {
    const named = namedIn(labelled)
    const missed = labelled.named.filter((id) => !named.has(id))
    const invented = [...named].filter((id) => !labelled.named.includes(id))
    return { answer: labelled.answer, hits: named.size - invented.length, missed, invented }
  })
  const sum = (count: (one: (typeof judged)[number]) => number): number =>
    judged.reduce((total, one) => total + count(one), 0)
  const hits = sum((one) => one.hits)
  const precision = hits / (hits + sum(({ invented }) => invented.length))
  const recall = hits / (hits + sum(({ missed }) => missed.length))

  test('has enough answers in enough languages, each named once', () => {
    expect(corpus.answers.length).toBeGreaterThanOrEqual(150)
    expect(new Set(corpus.answers.map(({ answer }) => answer)).size).toBe(corpus.answers.length)
    expect(new Set(corpus.answers.map(({ lang }) => lang)).size).toBeGreaterThanOrEqual(15)
  })

  test('is read as labelled but for words of a language and inflected names', () => {
    const wrong = judged.filter(({ missed, invented }) => missed.length + invented.length > 0)
    expect(wrong.map(({ answer }) => answer)).toEqual(
      [
        // Ordinary words, of which owners are warned.
        'Le café noir du matin se boit au comptoir de chez nous.',
        'He zoomed; a boxed notion.',
        // Endings that belong to a language, not to the name: aliases of the owner.
        'Müllers Angebote sind gut.',
        'Яндексом пользуются многие.',
        'Zaran myymälät ovat isoja.',
      ].toSorted((a, b) => order(a) - order(b)),
    )
  })

  const order = (text: string): number => corpus.answers.findIndex(({ answer }) => answer === text)

  test('has the precision and recall that the README says', async () => {
    const readme = await Bun.file(join(import.meta.dir, '../../README.md')).text()
    const figures = `precision ${precision.toFixed(3)} and recall ${recall.toFixed(3)}`
    const said = `${corpus.answers.length} labelled answers`
    expect([readme.includes(said), readme.includes(figures)]).toEqual([true, true])
  })
})

describe('evidence', () => {
  test('is where the name stands in the answer as it came', () => {
    const answer = '① See **Acme™**’s site, or Ａｃｍｅ and [Notion](https://notion.so/acme) [1].'
    expect(spansOf(answer)).toEqual([
      ['acme', 'named', 'Acme™'],
      ['acme', 'named', 'Ａｃｍｅ'],
      ['notion', 'named', 'Notion'],
    ])
    expect(detector.detect(answer, PROMPT).version).toBe(DETECTOR_VERSION)
  })

  test('says what was only missed or repeated', () => {
    const prompt = 'What are good alternatives to Acme?'
    const answer = "Good alternatives to Acme? I couldn't find Notion. Acme itself is fine."
    expect(spansOf(answer, prompt)).toEqual([
      ['acme', 'echo', 'Acme'],
      ['notion', 'absence', 'Notion'],
      ['acme', 'named', 'Acme'],
    ])
    expect(spansOf('Here are good alternatives to Acme: Notion.', prompt)).toEqual([
      ['acme', 'echo', 'Acme'],
      ['notion', 'named', 'Notion'],
    ])
  })

  test('flags names in scripts without spaces', () => {
    const { spans } = detector.detect('東京電力とAcmeです', PROMPT)
    expect(spans.map(({ cjk }) => cjk)).toEqual([true, false])
  })

  test('keeps domains in prose apart, by host and not by likeness', () => {
    const answer = 'acme.com, https://www.acme.com/x, blog.acme.com; notacme.com, acme.com.evil.io'
    const { domains, spans } = detector.detect(answer, PROMPT)
    expect(domains.map(({ domain, start, end }) => [domain, answer.slice(start, end)])).toEqual([
      ['acme.com', 'acme.com'],
      ['www.acme.com', 'www.acme.com'],
      ['blog.acme.com', 'blog.acme.com'],
    ])
    expect(spans).toEqual([])
  })

  test('of two brands with one name goes to the first', () => {
    const twins = createDetector([brand('one', ['Acme']), brand('two', ['ACME'])])
    expect(twins.detect('Acme', PROMPT).spans.map((span) => span.brand)).toEqual(['one'])
  })

  test('needs a word nearby where the owner says so', () => {
    const near = createDetector([
      brand('monday', [{ text: 'monday', requireContext: ['boards', 'project management'] }]),
    ])
    const count = (answer: string): number => near.detect(answer, PROMPT).spans.length
    expect(count('monday has boards.')).toBe(1)
    expect(count('For project-management, try monday.')).toBe(1)
    expect(count('See you on monday.')).toBe(0)
    expect(count(`monday ${'word '.repeat(60)} boards`)).toBe(0)
  })
})

const around = fc.constantFrom(
  '',
  ' ',
  '.',
  ', ',
  '\n',
  '(',
  ')',
  '"',
  '*',
  '—',
  '’',
  '„',
  '🚀',
  '/',
)
const letter = fc.constantFrom('a', 'é', 'ß', 'я', 'ω', '7', '_x', 'ا', 'क')
const anything = fc.string({ unit: 'binary', maxLength: 300 })

describe('whatever an answer is', () => {
  test('a name between marks is found, and within a word it is not', () => {
    fc.assert(
      fc.property(around, around, (before, after) => {
        expect(spansOf(`${before}Acme${after}`).length).toBe(1)
      }),
    )
    fc.assert(
      fc.property(letter, letter, (before, after) => {
        expect(spansOf(`x${before}Acme`)).toEqual([])
        expect(spansOf(`Acme${after}x`)).toEqual([])
      }),
    )
  })

  test('evidence never lies outside, overlaps, or reads otherwise than the name', () => {
    const pieces = fc.constantFrom('Acme', 'ACME', 'Acmé', 'Notion', '東京電力', 'Acme Bank', ' ')
    const text = fc.array(fc.oneof(pieces, anything, around), { maxLength: 12 })
    fc.assert(
      fc.property(text, (parts) => {
        const answer = parts.join('')
        let last = 0
        for (const span of detector.detect(answer, PROMPT).spans) {
          expect(span.start).toBeGreaterThanOrEqual(last)
          expect(span.end).toBeGreaterThan(span.start)
          const seen = answer.slice(span.start, span.end).normalize('NFKD').replace(/\P{L}/gu, '')
          expect(seen.toLowerCase()).toBe(span.term.normalize('NFKD').toLowerCase())
          last = span.end
        }
        expect(last).toBeLessThanOrEqual(answer.length)
      }),
      { numRuns: 500 },
    )
  })

  test('capitals, accents and the form of characters do not matter', () => {
    const written = fc.constantFrom('I like Acme.', 'Notion, 東京電力 and Acme Bank', 'no name')
    const form = fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD')
    fc.assert(
      fc.property(written, form, fc.boolean(), (answer, name, isUpper) => {
        const same = (isUpper ? answer.toUpperCase() : answer).normalize(name)
        expect(spansOf(same).length).toBe(spansOf(answer).length)
      }),
    )
  })

  // Half a million characters each: anything that grows with their square would take hours.
  test.each([
    ...['[', '[](', '](', '```\n', '~~~', 'a____b', '_', 'a.', 'a.com.', 'a.b@a.com', 'http://'],
    ...['www.', 'acme ', "couldn't find acme, ", 'no information ', '東京', '[1,', '【', ' - '],
    ...[
      'acme. ',
      'acme and ',
      '\u0301\u0327',
      'ﷺ',
      'never x x ',
      "acme's ",
      '[[](a)](b)',
      '\ue200',
    ],
  ])('a wall of %p is read to its end', (piece) => {
    const answer = `${piece.repeat(500_000 / piece.length)}\n\nNotion.`
    const { spans } = detector.detect(answer, 'What is acme, acme or acme to acme?')
    const isCode = piece.startsWith('```') || piece === '~~~'
    if (!isCode) expect(spans.at(-1)).toMatchObject({ brand: 'notion', kind: 'named' })
  })
})
