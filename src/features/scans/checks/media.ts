import { finding, findingsOf, htmlPages, shownOn } from '../site-view'
import type { Check } from './check'
import { byPage, byProbe } from './proof'

/** A tenth of the 5,000 KiB over which Lighthouse calls all that a page loads enormous. */
export const IMAGE_BYTES_MOST = 512_000

export const mediaChecks = {
  alt_missing: {
    group: 'media',
    provenBy: byPage,
    severity: 'note',
    effort: 'M',
    title: 'Images have no alternative text',
    why: 'Who cannot see the image learns nothing of it.',
    howToFix: 'Describe each image in alt, and leave alt empty for ornaments.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) => {
        const bare = facts.images.filter(({ hasAlt }) => !hasAlt)
        return bare.length > 0
          ? `${bare.length} of ${facts.images.length}: ${bare[0]?.url}`
          : undefined
      }),
  },
  image_size_missing: {
    group: 'media',
    provenBy: byPage,
    severity: 'note',
    effort: 'S',
    title: 'Images have no dimensions',
    why: 'The page jumps while they load.',
    howToFix: 'Set width and height of each image.',
    find: (site) =>
      findingsOf(site, htmlPages(site), ({ facts }) => {
        const bare = facts.images.filter(({ hasSize }) => !hasSize)
        return bare.length > 0
          ? `${bare.length} of ${facts.images.length}: ${bare[0]?.url}`
          : undefined
      }),
  },
  image_huge: {
    group: 'media',
    provenBy: byProbe,
    severity: 'note',
    effort: 'S',
    title: 'Images are very large',
    why: 'They keep whoever is on a phone waiting, and cost data.',
    howToFix: `Save them smaller, or as WebP or AVIF, below ${IMAGE_BYTES_MOST / 1_000} kB.`,
    find: (site) =>
      [...site.probes].flatMap(([url, { kind, bytes }]) =>
        kind === 'image' && bytes !== null && bytes > IMAGE_BYTES_MOST
          ? [finding(site, url, `${Math.round(bytes / 1_000)} kB`, shownOn(site, url))]
          : [],
      ),
  },
} satisfies Record<string, Check>
