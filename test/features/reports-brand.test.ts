import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { contrastOf, inkOn, visibleOn } from '../../src/features/reports/brand'

const colour = fc
  .integer({ min: 0, max: 0xffffff })
  .map((n) => `#${n.toString(16).padStart(6, '0')}`)

test('contrast is measured as WCAG does', () => {
  expect(contrastOf('#ffffff', '#000000')).toBeCloseTo(21, 5)
  expect(contrastOf('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})

test('whatever colour a brand has, it is seen on light and dark, and text is read on it', () => {
  fc.assert(
    fc.property(colour, fc.constantFrom('#ffffff', '#121816'), (brand, ground) => {
      const shown = visibleOn(ground, brand)
      expect(contrastOf(ground, shown)).toBeGreaterThanOrEqual(3)
      expect(contrastOf(shown, inkOn(shown))).toBeGreaterThanOrEqual(4.5)
      if (contrastOf(ground, brand) >= 3) expect(shown).toBe(brand)
    }),
  )
})
