import type { Range } from './addresses'
import { foldText } from './folded-text'

/** Longest clause looked at on either side of a name. */
const CLAUSE_MAX = 600
/** Farthest that a name stands behind what denies it. */
const REACH_MAX = 120

/**
 * Phrases as they are spoken, folded like answers: `~` is a word and its space, `_` the end of a
 * word. In scripts with spaces a phrase begins where a word does.
 */
function phrases(lines: string, flags: string): RegExp {
  const choices = lines.trim().split(/\s*\n\s*/)
  const folded = choices.map((line) =>
    foldText(line).text.replaceAll('~', '(?:[^\\s,.]+ )').replaceAll('_', '(?![\\p{L}\\p{N}])'),
  )
  return new RegExp(`(?<![a-z\\u0400-\\u04ff])(?:${folded.join('|')})`, flags)
}

/** What denies the names behind it. */
const BEFORE = phrases(
  `
  (?:could not|couldn't|can ?not|can't|unable to|able to not|not able to|failed to) ~{0,2}(?:find|locate|identify|recogni[sz]e)_
  (?:did not|didn't|do not|don't|does not|doesn't) ~{0,2}(?:find|have|see|contain|possess) ~{0,3}(?:information|info|mentions?|results?|references?|data|details|records?|knowledge|listing)_
  (?:have not|haven't|has not|hasn't|had not|hadn't|have never|never) ~{0,2}(?:heard of|heard about|come across|encountered)_
  (?:i|we) (?:do not|don't) ~{0,1}(?:know|recogni[sz]e)_
  (?:no|without any|not any|any no) ~{0,3}(?:information|info|mentions?|records?|results?|data|details|references?|knowledge|trace) ~{0,2}(?:about|on|of|for|to|regarding|called|named)_
  (?:not|n't) ~{0,2}(?:familiar with|aware of|acquainted with)_
  (?:unfamiliar with|unaware of)_
  no such ~{1,3}(?:as|called|named)_
  kein(?:e|en|erlei)? ~{0,3}(?:informationen|angaben|daten|hinweise?|ergebnisse|treffer|details|erwähnung) ~{0,1}(?:über|zu|zur|zum|von|für)_
  nicht ~{0,2}(?:vertraut mit)_
  aucune? ~{0,2}(?:informations?|mention|données?|résultats?|trace|référence) ~{0,2}(?:(?:sur|de|à|concernant|pour)_|d')
  (?:pas|pu) ~{0,2}(?:trouver?é?|d'informations?|connaissance de|entendu parler de|familier avec) ?
  ne (?:connais|connaissons) pas_
  no ~{0,4}(?:encontrar|encontré|encontramos|encuentro|conozco|tengo información|tengo datos|hay información|dispongo de información|reconozco)_
  ninguna (?:información|mención|referencia)_
  non ~{0,3}(?:trovare|trovato|conosco|informazioni su|dispongo di informazioni)_
  nessuna (?:informazione|menzione)_
  não ~{0,3}(?:encontrei|encontrar|conheço|informações sobre|há informações)_
  nenhuma (?:informação|menção)_
  geen ~{0,2}(?:informatie|vermelding|gegevens|resultaten) ~{0,1}(?:over|van|voor)_
  niet ~{0,1}bekend met_
  не ~{0,2}(?:найти|нашёл|нашла|нашлось|знаком с|знакома с|знаю|известно о)_
  nie ~{0,3}(?:znalazłem|znaleźć|znam|mam informacji o)_
  (?:没有|沒有|未能|未|无法|無法|没|不)(?:找到|查到|发现|發現|了解|熟悉|听说过|聽說過)
  (?:没有|沒有)(?:关于|關於|有关|有關)
  `,
  'gu',
)

/** What denies the name in front of it. */
const BEHIND = phrases(
  `
  (?:do|does|did)(?: not|n't) ~{0,1}(?:exist|show up|come up|turn up|ring a bell|seem to exist|appear(?! to be| to have| to offer))_
  (?:is|was|are|were|has|have|could)(?: not|n't) ~{0,2}(?:mentioned|found|be found|located|featured|appeared|in the (?:list|results)|on the list|known to me|familiar to me|something i)_
  (?:is not|isn't) (?:in my|one i|a (?:company|brand|product|tool|name|service) (?:i|that i))_
  (?:is|was|are|were) (?:absent from|missing from|unknown to me|unfamiliar to me)_
  (?:konnten?|kann|können|habe|haben|wurde) ~{0,3}nichts? (?:finden|gefunden)_
  (?:leider )?nicht (?:finden|gefunden|auffindbar|ausfindig|identifizieren)_
  (?:ist|sind) mir ~{0,1}(?:nicht bekannt|unbekannt)_
  sagt mir ~{0,1}nichts_
  (?:taucht|kommt) ~{0,3}nicht (?:auf|vor)_
  (?:wird|wurde) ~{0,3}nicht (?:erwähnt|genannt|aufgeführt|gefunden)_
  kenne ich ~{0,1}nicht_
  (?:n'apparaît|n'existe|ne figure) pas_
  n'est pas ~{0,1}(?:mentionnée?|citée?|répertoriée?)_
  n'a pas été (?:trouvée?|mentionnée?)_
  m'est inconnue?_
  no ~{0,1}(?:aparece|existe|figura|se menciona|fue encontrad[ao]|me suena|lo conozco|la conozco)_
  non ~{0,1}(?:compare|appare|esiste|risulta|è menzionat[ao]|viene menzionat[ao])_
  não ~{0,1}(?:aparece|existe|consta|foi encontrad[ao]|é mencionad[ao])_
  (?:niet (?:vinden|gevonden|vermeld)|ken ik niet|komt ~{0,3}niet voor)_
  не (?:найден[ао]?|упоминается|встречается)_
  (?:という|について|に関する|の)?(?:会社|サービス|製品)?(?:については|について|に関する|の)?(?:情報|データ|記載|言及)?(?:は|が|を|も)?(?:見つかりません|見つけられません|ありません|存じません|知りません|確認できません|見当たりません)
  (?:的(?:相关)?(?:信息|資訊|资料))?(?:没有|沒有|并未|未)(?:出现|出現|被提及|提及|找到)
  (?:에 대한|에 관한) (?:정보|자료|언급)[를을이가은는]? ?(?:찾을 수 없|없|찾지 못)
  [를을은는]? ?(?:찾을 수 없|알지 못|모르)
  `,
  'uy',
)

/** "I couldn't find anything better than X" praises it. */
const PRAISE = phrases(
  `
  (?:better|worse|other|apart|aside|except|besides|beyond|good|like|than|beats?|match(?:es)?|alternatives?|comparable|similar|rivals?|equals?|cheaper|stronger)_
  (?:besser(?:es|e)?|außer|wie|als|mieux|meilleure?s?|comme|que|mejor|como|salvo|meglio|migliore|melhor|beter|dan|лучше|кроме|lepszego|poza)_
  `,
  'u',
)

// A full stop ends a clause, a dot in a name or number does not.
const CLAUSE_END =
  /[.!?;:](?=[\s"')\]]|$)|[\n。！？；]|\s-\s|[\s,](?:but|however|although|though|whereas|while|yet|aber|jedoch|sondern|mais|cependant|pero|sino|ma|mas|porem|maar|но|однако)(?=[\s,])|但是|不过|しかし|ですが|하지만/g

const CONNECTOR =
  /^(?:'s)?[\s"'()]*(?:,?\s*(?:and|or|nor|und|oder|noch|et|ou|ni|y|o|e|en|of|i|и|или)?|[、和与및])[\s"'()]*$/

const GOES_ON = /^["'()\s]*(?:,|(?:and|or|nor|und|oder|noch|et|ou|ni|y|o|e|en|of|и|или)\s|$)/
const IS_SUBJECT = /^["'()]*\s+(?:is|are|was|has|offers|ist|hat|est|es|tiene|e)\s/

/**
 * Which of `names`, in the order of the text, are only said to be unknown or not found: "I couldn't
 * find information about X", in the same clause.
 */
export function absentNames(text: string, names: readonly Range[]): Set<Range> {
  const absent = new Set<Range>()
  let clause: Range = { start: 0, end: 0 }
  let inside: Range[] = []
  const judge = (): void => {
    for (const name of deniedBefore(text, clause, inside)) absent.add(name)
    for (const name of deniedBehind(text, clause, inside)) absent.add(name)
  }
  for (const name of names) {
    if (name.start >= clause.end) {
      judge()
      clause = clauseOf(text, name, clause.end)
      inside = []
    }
    inside.push(name)
  }
  judge()
  return absent
}

function clauseOf(text: string, name: Range, least: number): Range {
  const from = Math.max(least, name.start - CLAUSE_MAX)
  let start = from
  for (const { 0: mark, index } of text.slice(from, name.start).matchAll(CLAUSE_END)) {
    start = from + index + mark.length
  }
  const rest = text.slice(name.end, name.end + CLAUSE_MAX)
  const length = rest.search(CLAUSE_END)
  return { start, end: name.end + (length < 0 ? rest.length : length) }
}

function deniedBefore(text: string, clause: Range, names: readonly Range[]): Range[] {
  const denied: Range[] = []
  for (const { 0: phrase, index } of text.slice(clause.start, clause.end).matchAll(BEFORE)) {
    const phraseEnd = clause.start + index + phrase.length
    const first = names.findIndex(({ start }) => start >= phraseEnd)
    const name = names[first]
    if (!name || !reaches(text, phraseEnd, name, clause.end)) continue
    denied.push(name)
    for (let nth = first + 1; nth < names.length; nth++) {
      const [before, next] = [names[nth - 1], names[nth]]
      if (!before || !next || !CONNECTOR.test(text.slice(before.end, next.start))) break
      if (IS_SUBJECT.test(text.slice(next.end, next.end + 20))) break
      denied.push(next)
    }
  }
  return denied
}

/** Whether a denial that ended at `from` is about `name`. */
function reaches(text: string, from: number, name: Range, clauseEnd: number): boolean {
  const between = text.slice(from, name.start)
  if (between.length > REACH_MAX || PRAISE.test(between)) return false
  if (!between.includes(',')) return true
  // Other names may come first: "not familiar with A, B or X".
  const isList = between.split(',').every((item) => item.trim().split(/\s+/).length <= 3)
  return isList && GOES_ON.test(text.slice(name.end, Math.min(clauseEnd, name.end + REACH_MAX)))
}

function deniedBehind(text: string, clause: Range, names: readonly Range[]): Range[] {
  const denied: Range[] = []
  let next: Range | undefined
  for (const name of names.toReversed()) {
    const listed = next && CONNECTOR.test(text.slice(name.end, next.start))
    if (listed || isDeniedBehind(text, name, clause.end)) {
      denied.push(name)
      next = name
    } else {
      next = undefined
    }
  }
  return denied
}

function isDeniedBehind(text: string, name: Range, clauseEnd: number): boolean {
  const rest = text.slice(name.end, Math.min(clauseEnd, name.end + REACH_MAX))
  BEHIND.lastIndex = /^["')\]]*[\s,]*/.exec(rest)?.[0].length ?? 0
  return BEHIND.test(rest)
}
