import { isDeepStrictEqual } from 'node:util'
import type { NewWorkspace } from './founding'
import { EMPTY_BRAND } from './founding'
import type { UpdateWorkspace } from './schema'
import type { WorkspaceRow } from './table'

/**
 * The columns that an input names. Inside `branding` and `brand`, what is not named stays as it is
 * in `before`.
 */
export function columnsOf(input: UpdateWorkspace, before?: WorkspaceRow): Partial<NewWorkspace> {
  const { name, timezone, branding, brand, retention_days, tracking_schedule } = input
  const kept = before?.brand ?? EMPTY_BRAND
  return withoutUndefined({
    name,
    timezone,
    brandingName: branding?.name,
    brandingLogoUrl: branding?.logo_url,
    brandingColor: branding?.color,
    brand: brand && {
      name: brand.name === undefined ? kept.name : brand.name,
      aliases: brand.aliases ?? kept.aliases,
      negative_aliases: brand.negative_aliases ?? kept.negative_aliases,
      domains: brand.domains ?? kept.domains,
    },
    retentionDays: retention_days,
    trackingSchedule: tracking_schedule,
  })
}

/** The columns whose value is not the one that the row has. */
export function changedColumns(
  before: WorkspaceRow,
  columns: Partial<NewWorkspace>,
): Partial<NewWorkspace> {
  const was: Partial<NewWorkspace> = before
  const names = Object.keys(columns) as (keyof NewWorkspace)[]
  const same = names.filter((name) => isDeepStrictEqual(was[name], columns[name]))
  const changes = { ...columns }
  for (const name of same) delete changes[name]
  return changes
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the members that are undefined, which `exactOptionalPropertyTypes` tells from absent. */
function withoutUndefined<T extends object>(record: T): Defined<T> {
  const copy: Defined<T> = {}
  for (const name of Object.keys(record) as (keyof T)[]) {
    const value = record[name]
    if (value !== undefined) Object.assign(copy, { [name]: value })
  }
  return copy
}
