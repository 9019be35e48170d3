/** What a Worker can be asked, by name: the input it takes and the output it answers. */
export type Jobs = Record<string, { input: unknown; output: unknown }>

export type WorkerRequest = { id: number; job: string; input: unknown }
export type WorkerAnswer = { id: number; output: unknown } | { id: number; error: string }

/** The main thread's side of a Worker that runs named jobs. */
export type WorkerClient<J extends Jobs> = {
  /** Settles with the job's output; rejects with its error, or when the Worker dies before. */
  call<Name extends keyof J & string>(
    job: Name,
    input: J[Name]['input'],
  ): Promise<J[Name]['output']>
  /** Whether the Worker has ended, so that every call is refused. */
  isDead(): boolean
  terminate(): void
}

type Pending = { resolve: (output: unknown) => void; reject: (error: Error) => void }

/**
 * Speaks to a Worker whose entry is `src/worker.ts`. `onEnd` is called once when it is gone, by
 * itself or terminated, before the calls under way reject.
 */
export function createWorkerClient<J extends Jobs>(
  worker: Worker,
  onEnd: (reason: Error) => void = () => {},
): WorkerClient<J> {
  const pending = new Map<number, Pending>()
  let lastId = 0
  let death: Error | undefined

  function settle(answer: WorkerAnswer): void {
    const waiting = pending.get(answer.id)
    pending.delete(answer.id)
    if ('error' in answer) waiting?.reject(new Error(answer.error))
    else waiting?.resolve(answer.output)
  }

  function die(reason: string): void {
    if (death) return
    death = new Error(reason)
    onEnd(death)
    for (const { reject } of pending.values()) reject(death)
    pending.clear()
  }

  // The marked boundary: the other side is our own `src/worker.ts`.
  worker.onmessage = ({ data }: MessageEvent) => settle(data as WorkerAnswer)
  worker.onerror = (event) => {
    // Whether it would live on or not: half a Worker beside the next one does harm.
    worker.terminate()
    die(`A Worker failed: ${event.message}`)
  }
  worker.addEventListener('close', () => die('A Worker ended.'))

  return {
    call(job, input) {
      if (death) return Promise.reject(death)
      lastId += 1
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      pending.set(lastId, { resolve, reject })
      worker.postMessage({ id: lastId, job, input } satisfies WorkerRequest)
      return promise
    },
    isDead: () => death !== undefined,
    terminate() {
      worker.terminate()
    },
  }
}
