import { isbot } from 'isbot'
import UAParser from 'ua-parser-js'

/** What a User-Agent says of the program that sent it; empty where it does not say. */
export type Agent = {
  /** `preview` fetches a link to show it in a chat or a feed. */
  readonly kind: 'human' | 'bot' | 'preview'
  /** desktop, mobile, tablet, smarttv, console, wearable, embedded, xr. */
  readonly device: string
  readonly os: string
  readonly browser: string
}

/** Fetchers that unfurl links, by the names they give themselves in their documentation. */
const PREVIEW =
  /slackbot|slack-imgproxy|twitterbot|facebookexternalhit|facebot|facebookcatalog|meta-externalfetcher|whatsapp\/|telegrambot|discordbot|linkedinbot|skypeuripreview|microsoftpreview|bingpreview|redditbot|pinterestbot|pinterest\/0|viber|vkshare|line-poker|kakaotalk-scrap|mattermost-bot|mastodon\/|pleroma|misskey|bluesky cardyb|cardyb|iframely|embedly|snapchat.*bot|snap url preview|googlemessages|google-pagerenderer|tumblr\/|outbrain|signal-desktop-link|zoombot|teams-?bot|nuzzel|flipboardproxy|xing-contenttabreceiver|yahoo link preview|linkpreview|chatwork linkpreview|opengraph|open graph/i

/** Programs that isbot lets pass and that no person browses with. */
const TOOL =
  /^(curl|wget|httpie|python|java|ruby|php|perl|go-http|okhttp|axios|node|undici|got|libwww|dart|bun|deno|postman|insomnia|apache-httpclient)\b/i

const CACHE_SIZE_MAX = 4096

/** Classifies User-Agents, remembering those seen lately. */
export function createAgentClassifier(): (userAgent: string) => Agent {
  const cache = new Map<string, Agent>()
  return (userAgent) => {
    const known = cache.get(userAgent)
    if (known !== undefined) return known
    const agent = classify(userAgent)
    if (cache.size >= CACHE_SIZE_MAX) {
      const oldest = cache.keys().next()
      if (!oldest.done) cache.delete(oldest.value)
    }
    cache.set(userAgent, agent)
    return agent
  }
}

function classify(userAgent: string): Agent {
  const { browser, os, device } = new UAParser(userAgent).getResult()
  const kind = PREVIEW.test(userAgent)
    ? 'preview'
    : userAgent.trim() === '' || isbot(userAgent) || TOOL.test(userAgent)
      ? 'bot'
      : 'human'
  return {
    kind,
    device: device.type ?? (os.name === undefined && browser.name === undefined ? '' : 'desktop'),
    os: os.name ?? '',
    browser: browser.name ?? '',
  }
}
