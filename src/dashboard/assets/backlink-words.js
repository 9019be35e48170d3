import { byId } from './elements.js'

/** Titles and meanings of verdicts, sentences of reasons: the words of the server. */
export const WORDS = JSON.parse(byId('page').dataset.words)

/** A reason as a sentence; one without words of its own stays as it is. */
export const reasonWords = (reason) => WORDS.reasons[reason] ?? reason

export const verdictTitle = (verdict) =>
  verdict === null ? 'Not checked yet' : WORDS.verdicts[verdict].title

const STATES = {
  new: 'The link was not seen yet.',
  live: 'The link is there.',
  changed: 'The link is there, but not as it was.',
  suspect: 'One check missed the link. It is lost when another, twelve hours later, misses it too.',
  lost: 'The link was there and is lost: two checks at least twelve hours apart missed it.',
  recovered: 'The link was lost and is back.',
  unknown: 'Nobody could see whether the link is there. It does not count as lost.',
}

export const stateWords = (state) => STATES[state]

const STATE_NAMES = {
  new: 'not seen yet',
  live: 'there',
  changed: 'changed',
  suspect: 'missed once',
  lost: 'lost',
  recovered: 'recovered',
  unknown: 'not known',
}

export const stateName = (state) => STATE_NAMES[state]
