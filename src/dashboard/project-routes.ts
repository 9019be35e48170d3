import { Elysia } from 'elysia'
import { pageResponse } from './pages'

export type ProjectPagesDeps = {
  version: string
  /** What backlinks are told in: titles and meanings of verdicts, sentences of reasons. */
  backlinkWords: object
}

/**
 * Pages about the websites of clients. They hold nothing of a project: their scripts ask the API,
 * which alone knows who may see what.
 */
export const projectPagesRoutes = ({ version, backlinkWords }: ProjectPagesDeps) => {
  const words = JSON.stringify(backlinkWords)
  return new Elysia({ name: 'dashboard/projects', prefix: '/projects', detail: { hide: true } })
    .get('', () => pageResponse('projects', { version }))
    .get('/:id', ({ params }) => {
      const headers = {
        Location: `/projects/${encodeURIComponent(params.id)}/actions`,
        'Cache-Control': 'no-store',
      }
      return new Response(null, { status: 302, headers })
    })
    .get('/:id/actions', () => pageResponse('actions', { version }))
    .get('/:id/backlinks', () => pageResponse('backlinks', { version, words }))
}
