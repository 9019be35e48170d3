import { sentencePage } from '../../http/sentence-page'
import { CLOSED_SENTENCES, type ClosedReason } from './decision'

export const storageRefused = (): Response =>
  sentencePage(503, 'Try again in a moment', 'This link cannot be followed right now.', {
    'Retry-After': '5',
  })

export const notFoundPage = (): Response =>
  sentencePage(404, 'Nothing here', 'There is no link at this address. Check it for typing errors.')

/** 410 that says which of its owner's settings closed the link. */
export function closedPage(reason: ClosedReason): Response {
  const { title, sentence } = CLOSED_SENTENCES[reason]
  return sentencePage(410, title, sentence)
}
