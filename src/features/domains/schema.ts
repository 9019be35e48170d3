import { z } from 'zod'
import { toIso, toIsoOrNull } from '../../core/clock'
import { URL_LENGTH_MAX } from '../../core/url'
import { dataOf, pageOf, pageQuery, Timestamp } from '../../http/schema'
import { oneLine } from '../../http/text'
import { isApex } from './host-name'
import { type Finding, RECORD_STATUSES, RECORD_TYPES } from './records'
import { DOMAIN_HEALTHS, type DomainRow } from './table'

const domainName = z
  .string({ error: 'is required: the host name, such as go.example.com' })
  .max(1000, 'must have at most 1000 characters')
  .describe('A public host name; international ones are turned into ASCII.')
  .meta({ examples: ['go.example.com'] })

const redirect = (what: string) =>
  z
    .string()
    .max(URL_LENGTH_MAX, `must have at most ${URL_LENGTH_MAX} characters`)
    .nullable()
    .optional()
    .describe(`An http(s) URL ${what}; needs the feature domain_metadata.`)

const metadata = {
  rootRedirect: redirect('to which the bare domain leads'),
  notFoundRedirect: redirect('to which unknown addresses of the domain lead'),
  title: oneLine(200)
    .nullable()
    .optional()
    .describe('The heading of its plain pages; needs the feature domain_metadata.'),
}

export const CreateDomain = z
  .object({ domain: domainName, ...metadata })
  .meta({ id: 'CreateDomain' })
export type CreateDomain = z.infer<typeof CreateDomain>

export const UpdateDomain = z.object(metadata).meta({ id: 'UpdateDomain' })
export type UpdateDomain = z.infer<typeof UpdateDomain>
export type DomainMetadata = UpdateDomain

export const CheckDomain = z.object({ domain: domainName })
export const ListDomains = pageQuery()
export type ListDomains = z.infer<typeof ListDomains>

const recordFields = {
  purpose: z.enum(['ownership', 'routing']),
  type: z.enum(RECORD_TYPES),
  name: z.string().meta({ examples: ['_linkstead.go.example.com'] }),
  value: z.string().nullable().describe('Null while the address of this server is unknown.'),
}

const Record = z
  .object({
    ...recordFields,
    status: z.enum(RECORD_STATUSES).describe('What the last look at DNS found.'),
    seen: z.array(z.string()).describe('What is there instead, or in other places for it.'),
    message: z.string().describe('What to change.'),
  })
  .meta({ id: 'DomainRecord' })

const fields = {
  id: z.string().meta({ examples: ['dom_01k9m0x4e8s0w7p5c3v2t1q9zn'] }),
  domain: z.string().meta({ examples: ['go.example.com'] }),
  apex: z.boolean().describe('Whether DNS allows no CNAME, so that addresses have to be set.'),
  status: z.enum(['pending', 'verified']),
  health: z
    .enum(DOMAIN_HEALTHS)
    .describe('Whether it points here; waiting until it has done so once.'),
  rootRedirect: z.string().nullable(),
  notFoundRedirect: z.string().nullable(),
  title: z.string().nullable(),
  verifiedAt: Timestamp.nullable(),
  checkedAt: Timestamp.nullable(),
  unhealthySince: Timestamp.nullable(),
  recoveredAt: Timestamp.nullable(),
  records: z.array(Record).describe('The DNS records to set.'),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}

export const Domain = z.object(fields).meta({ id: 'Domain' })
export type Domain = z.infer<typeof Domain>

export const OneDomain = dataOf(Domain)
export const DomainList = pageOf(Domain)
export const DomainCheck = dataOf(
  z
    .object({
      domain: z.string(),
      apex: z.boolean(),
      available: z.boolean(),
      message: z.string(),
      records: z.array(Record),
    })
    .meta({ id: 'DomainCheck' }),
)

/** Its members in the order of the wire, wherever they come from. */
export const toRecord = (finding: Finding): Finding => {
  const { purpose, type, name, value, status, seen, message } = finding
  return { purpose, type, name, value, status, seen, message }
}

/** A domain with the records to set and what was seen of them. */
export type ShownDomain = { row: DomainRow; records: Finding[] }

/** The only way in which a domain becomes JSON. */
export const toDomain = ({ row, records }: ShownDomain): Domain => ({
  id: row.id,
  domain: row.host,
  apex: isApex(row.host),
  status: row.verifiedAt === null ? 'pending' : 'verified',
  health: row.health,
  rootRedirect: row.rootRedirect,
  notFoundRedirect: row.notFoundRedirect,
  title: row.title,
  verifiedAt: toIsoOrNull(row.verifiedAt),
  checkedAt: toIsoOrNull(row.checkedAt),
  unhealthySince: toIsoOrNull(row.unhealthySince),
  recoveredAt: toIsoOrNull(row.recoveredAt),
  records: records.map(toRecord),
  createdAt: toIso(row.createdAt),
  updatedAt: toIso(row.updatedAt),
})
