import { createHash } from 'node:crypto'
import type { DirectoryRow } from '../directories/service'
import type { SiteRow } from '../sites/service'
import type { Pack, PackLine } from './pack'

/** A mail, as it would be sent. */
export type MailDraft = {
  kind: 'email'
  to: string
  /** Where the directory's answer goes. */
  reply_to: string | null
  subject: string
  text: string
}

/** A request, byte for byte as it would be sent. */
export type FormDraft = {
  kind: 'form'
  method: 'POST'
  url: string
  headers: Record<string, string>
  body: string
  /** By what the answer is told to be a confirmation; not sent. */
  success_text: string
}

export type Draft = MailDraft | FormDraft

const LABELS: Record<PackLine['field'], string> = {
  name: 'Name',
  url: 'Website',
  tagline: 'Tagline',
  short_description: 'Short description',
  long_description: 'Description',
  categories: 'Categories',
  legal_name: 'Company',
  founded_year: 'Founded',
  address: 'Address',
  phone: 'Phone',
  email: 'E-mail',
  social_urls: 'Profiles',
  logo_url: 'Logo',
  screenshot_urls: 'Screenshots',
  pricing_model: 'Pricing',
}

type About = { site: SiteRow; directory: DirectoryRow; pack: Pack }

function mailOf({ site, directory, pack }: About, to: string): MailDraft {
  const told = pack.lines.flatMap(({ field, text }) =>
    text === null ? [] : [`${LABELS[field]}: ${text}`],
  )
  const text = [
    'Hello,',
    `please consider listing this website in ${directory.name}.`,
    told.join('\n'),
    `Kind regards\n${site.profile.legal_name ?? site.name ?? ''}`,
  ]
  return {
    ...{ kind: 'email', to, reply_to: site.profile.email ?? null },
    ...{ subject: `A website for ${directory.name}: ${site.name ?? site.url}` },
    text: `${text.join('\n\n').trimEnd()}\n`,
  }
}

function formOf({ directory, pack }: About, userAgent: string): FormDraft | undefined {
  const { form, fields } = directory
  if (!form) return undefined
  const texts = new Map(pack.lines.map(({ field, text }) => [field, text]))
  const controls = (fields ?? []).flatMap(({ field, input }): [string, string][] => {
    const text = texts.get(field)
    return input !== null && text ? [[input, text]] : []
  })
  const constants = form.constants.map(({ name, value }): [string, string] => [name, value])
  return {
    ...{ kind: 'form', method: 'POST', url: form.action_url },
    headers: {
      'user-agent': userAgent,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'text/html',
    },
    body: new URLSearchParams([...constants, ...controls]).toString(),
    success_text: form.success_text,
  }
}

/** What would be sent in a machine's mode; undefined where a person does it. */
export function draftOf(
  mode: DirectoryRow['mode'],
  about: About,
  userAgent: string,
): Draft | undefined {
  const { submitEmail } = about.directory
  if (mode === 'email') return submitEmail === null ? undefined : mailOf(about, submitEmail)
  return mode === 'form' ? formOf(about, userAgent) : undefined
}

/** Names a draft, so that what is approved is what was read. */
export const draftHash = (draft: Draft): string =>
  createHash('sha256').update(JSON.stringify(draft)).digest('hex')
