import { z } from 'zod'
import type { Access } from '../core/access'
import type { EnterTool, ToolEntrant } from './access'
import { notValid } from './errors'

/** What a tool asks of its caller: what a route that keys may call asks. */
export type ToolAccess = Extract<Access, { scope: unknown }>

/** What a tool does to the world, as clients show it before they ask whether to go on. */
export type ToolEffect =
  /** Changes nothing. */
  | 'reads'
  /** Adds, and takes nothing away. */
  | 'adds'
  /** As `adds`; once more with the same input changes nothing further. */
  | 'adds-once'
  /** Changes or removes what is there; once more changes nothing further. */
  | 'changes'

/** Who calls, and `once`, through which everything is written. */
export type ToolCaller = Omit<ToolEntrant, 'begin'>

type Told = {
  /** Unique; `[a-z_]`, since clients prefix names and limit their alphabet. */
  name: string
  title: string
  /** For a model that has to choose among tools: what it does, and when to use it. */
  description: string
  access: ToolAccess
  effect: ToolEffect
  /** Whether it asks servers of others. */
  asksOutside?: true
}

type Definition<Input extends z.ZodObject, Output extends z.ZodObject> = Told & {
  input: Input
  output: Output
  run(caller: ToolCaller, input: z.output<Input>): z.input<Output> | Promise<z.input<Output>>
}

/** An operation of the API as assistants call it. */
export type Tool = Told & {
  input: z.ZodObject
  output: z.ZodObject
  /**
   * Judges the caller as a route of the same access would, then the input, then runs. Throws what
   * such a route answers.
   */
  call(enter: EnterTool, given: unknown): Promise<Record<string, unknown>>
}

/** Beside the input of every tool, as `workspace_id` is beside the body of every route. */
const workspaceChoice = {
  workspace_id: z
    .string()
    .optional()
    .describe('For credentials of several workspaces; the first one when left out.'),
}

/** A tool, declared beside the route that does the same: over the same service and schemas. */
export function tool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: Definition<Input, Output>,
): Tool {
  const { input, output, run, ...told } = definition
  const { access, name, effect } = told
  return {
    ...told,
    input: input.extend(workspaceChoice),
    output,
    async call(enter, given) {
      const entrant = enter({ access, name }, given)
      const wanted = parsed(input, given)
      const stored = effect === 'reads' ? undefined : entrant.begin()
      if (stored) return (await stored.json()) as Record<string, unknown>
      return await run(entrant, wanted)
    },
  }
}

/** Throws `validation_failed`. */
function parsed<Input extends z.ZodObject>(input: Input, given: unknown): z.output<Input> {
  const result = input.safeParse(given)
  if (result.success) return result.data
  throw notValid(
    result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
  )
}
