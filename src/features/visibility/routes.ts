import { Elysia } from 'elysia'
import type { AccessPlugin } from '../../http/access'
import { Deleted, deleted, IdParams, wholePage } from '../../http/schema'
import {
  CompetitorList,
  CreateCompetitor,
  CreatePrompt,
  ListCompetitors,
  ListPrompts,
  OneCompetitor,
  OnePrompt,
  PromptList,
  toCompetitor,
  toPrompt,
  UpdateCompetitor,
  UpdatePrompt,
} from './schema'
import type { Visibility } from './service'

export type VisibilityRoutesDeps = { access: AccessPlugin; visibility: Visibility }

const READ = { scope: 'tracking:read', keyFeature: 'tracking' } as const
const WRITE = { scope: 'tracking:write', keyFeature: 'tracking' } as const

export const promptsRoutes = ({ access, visibility: { prompts } }: VisibilityRoutesDeps) =>
  new Elysia({ name: 'features/visibility/prompts', prefix: '/prompts', tags: ['Visibility'] })
    .use(access)
    .get(
      '',
      ({ principal, query }) => {
        const page = wholePage(prompts.list(principal), query)
        return { ...page, data: prompts.judgeAll(principal, page.data).map(toPrompt) }
      },
      {
        access: READ,
        query: ListPrompts,
        response: { 200: PromptList },
        detail: { summary: 'List prompts, newest first' },
      },
    )
    .post(
      '',
      ({ principal, body, once, status }) =>
        once(() => status(201, { data: toPrompt(prompts.create(principal, body)) })),
      {
        access: WRITE,
        body: CreatePrompt,
        response: { 201: OnePrompt },
        detail: {
          summary: 'Add a question to ask AI engines',
          'x-errors': ['already_exists', 'limit_reached'],
        },
      },
    )
    .get(
      '/:id',
      ({ principal, params }) => ({ data: toPrompt(prompts.find(principal, params.id)) }),
      {
        access: READ,
        params: IdParams,
        response: { 200: OnePrompt },
        detail: { summary: 'Show a prompt' },
      },
    )
    .patch(
      '/:id',
      ({ principal, params, body }) => ({
        data: toPrompt(prompts.update(principal, params.id, body)),
      }),
      {
        access: WRITE,
        params: IdParams,
        body: UpdatePrompt,
        response: { 200: OnePrompt },
        detail: { summary: 'Change a prompt', 'x-errors': ['already_exists'] },
      },
    )
    .delete('/:id', ({ principal, params }) => deleted(prompts.delete(principal, params.id)), {
      access: WRITE,
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: 'Remove a prompt; what was answered to it stays' },
    })

export const competitorsRoutes = ({ access, visibility: { competitors } }: VisibilityRoutesDeps) =>
  new Elysia({
    ...{ name: 'features/visibility/competitors', prefix: '/competitors', tags: ['Visibility'] },
  })
    .use(access)
    .get(
      '',
      ({ principal, query }) => {
        const page = wholePage(competitors.list(principal), query)
        return { ...page, data: page.data.map(toCompetitor) }
      },
      {
        access: READ,
        query: ListCompetitors,
        response: { 200: CompetitorList },
        detail: { summary: 'List competitors, newest first' },
      },
    )
    .post(
      '',
      ({ principal, body, once, status }) =>
        once(() => status(201, { data: toCompetitor(competitors.create(principal, body)) })),
      {
        access: WRITE,
        body: CreateCompetitor,
        response: { 201: OneCompetitor },
        detail: {
          summary: 'Add a brand to look for beside your own',
          'x-errors': ['already_exists'],
        },
      },
    )
    .get(
      '/:id',
      ({ principal, params }) => ({ data: toCompetitor(competitors.find(principal, params.id)) }),
      {
        access: READ,
        params: IdParams,
        response: { 200: OneCompetitor },
        detail: { summary: 'Show a competitor' },
      },
    )
    .patch(
      '/:id',
      ({ principal, params, body }) => ({
        data: toCompetitor(competitors.update(principal, params.id, body)),
      }),
      {
        access: WRITE,
        params: IdParams,
        body: UpdateCompetitor,
        response: { 200: OneCompetitor },
        detail: { summary: 'Change a competitor', 'x-errors': ['already_exists'] },
      },
    )
    .delete('/:id', ({ principal, params }) => deleted(competitors.delete(principal, params.id)), {
      access: WRITE,
      params: IdParams,
      response: { 200: Deleted },
      detail: { summary: 'Remove a competitor; it stays in the answers that were read for it' },
    })
