import { z } from 'zod'
import probe from './script/probe.js' with { type: 'text' }

const count = z.number().int().min(0)
const text = z.string().max(2_000)
const Color = z.tuple([z.number(), z.number(), z.number(), z.number()])

/** What the probe reads of a page. The page is foreign: nothing of it is taken on trust. */
export const PageFacts = z.object({
  title: text,
  baseUrl: text,
  html: z.string().max(50_000),
  textLength: count,
  screenWidth: z.number().positive(),
  innerWidth: z.number().positive(),
  scrollWidth: z.number().min(0),
  /** The first text of the page, each run with how it looks; read in a few milliseconds. */
  runs: z
    .array(
      z.object({
        chars: count,
        /** CSS pixels. */
        size: z.number().min(0),
        weight: z.number(),
        color: Color,
        /** Nearest first, the last one opaque; null where it cannot be told from styles. */
        backgrounds: z.array(Color).min(1).nullable(),
        sample: text,
      }),
    )
    .max(1_000),
  /** What can be clicked or tapped. */
  targets: z
    .array(z.object({ width: z.number(), height: z.number(), inline: z.boolean(), label: text }))
    .max(500),
  /** What looks like a button and is seen without scrolling. */
  actions: z.array(z.object({ label: text, top: z.number() })).max(50),
  images: z.object({ total: count, broken: count, pending: count, brokenUrls: z.array(text) }),
  /** Texts of the headings of the first level that are seen. */
  headings: z.array(text).max(20),
  icon: text.nullable(),
  ogImage: text.nullable(),
  /** Whether something asks for consent over the page. */
  consent: z.boolean(),
})
export type PageFacts = z.infer<typeof PageFacts>

/** The expression that answers {@link PageFacts}, for `BrowserPage.evaluate`. */
export const PROBE: string = probe
