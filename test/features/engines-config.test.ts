import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { Glob } from 'bun'
import { readConfig } from '../../src/config'
import { createTestApp } from '../support/app'
import { engineServer } from '../support/engine-server'
import { temporaryDirectory } from '../support/temporary-directory'

describe('the engines of a configuration', () => {
  test('are none without a key', () => {
    expect(readConfig({}).engines).toEqual({
      ...{ chatgpt: null, claude: null, gemini: null, perplexity: null, local: null, vision: null },
    })
  })

  test('need a key, and have a place and a model by default', () => {
    const keys = { OPENAI_API_KEY: 'sk-1', ANTHROPIC_API_KEY: 'sk-2', GOOGLE_API_KEY: 'sk-3' }
    expect(readConfig({ ...keys, PERPLEXITY_API_KEY: 'sk-4' }).engines).toMatchObject({
      chatgpt: { apiKey: 'sk-1', baseUrl: 'https://api.openai.com/v1', model: 'gpt-6.1-terra' },
      claude: { apiKey: 'sk-2', baseUrl: 'https://api.anthropic.com/v1' },
      gemini: { apiKey: 'sk-3', baseUrl: 'https://generativelanguage.googleapis.com/v1beta' },
      perplexity: { apiKey: 'sk-4', baseUrl: 'https://api.perplexity.ai/v1' },
    })
  })

  test('may have their keys in files, and other places and models', () => {
    using directory = temporaryDirectory()
    writeFileSync(directory.file('key'), 'sk-from-a-file\n')
    const { chatgpt } = readConfig({
      ...{ OPENAI_API_KEY_FILE: directory.file('key'), OPENAI_MODEL: 'gpt-6.1-sol' },
      OPENAI_BASE_URL: 'https://proxy.example.com/openai/v1/',
    }).engines
    expect(chatgpt).toEqual({
      ...{ apiKey: 'sk-from-a-file', model: 'gpt-6.1-sol' },
      baseUrl: 'https://proxy.example.com/openai/v1',
    })
  })

  test('may be one of the operator, under a name of its own', () => {
    const { local } = readConfig({
      ...{ LOCAL_AI_URL: 'http://127.0.0.1:11434/v1', LOCAL_AI_MODEL: 'qwen3:8b' },
      LOCAL_AI_NAME: 'house-model',
    }).engines
    const url = 'http://127.0.0.1:11434/v1'
    expect(local).toEqual({ name: 'house-model', url, model: 'qwen3:8b', apiKey: null })
  })

  test.each([
    [{ OPENAI_BASE_URL: 'ftp://api.example.com' }, 'OPENAI_BASE_URL: must be an http or https URL'],
    [{ GOOGLE_BASE_URL: 'https://me:pw@api.example.com/v1' }, 'GOOGLE_BASE_URL: must be an http'],
    [{ PERPLEXITY_BASE_URL: 'https://api.example.com/?a=1' }, 'PERPLEXITY_BASE_URL: must be an'],
    [{ OPENAI_BASE_URL: 'http://api.example.com/v1' }, 'OPENAI_BASE_URL: must be https, since'],
    [{ LOCAL_AI_URL: 'http://172.32.0.1/v1', LOCAL_AI_MODEL: 'm' }, 'LOCAL_AI_URL: must be https'],
    [{ ANTHROPIC_API_KEY: 'two words' }, 'ANTHROPIC_API_KEY: must be a key, without spaces'],
    [{ OPENAI_MODEL: 'a b' }, 'OPENAI_MODEL: must be the name of a model'],
    [{ LOCAL_AI_URL: 'http://ollama:11434/v1' }, 'LOCAL_AI_URL and LOCAL_AI_MODEL: set both'],
    [{ LOCAL_AI_MODEL: 'qwen3' }, 'LOCAL_AI_URL and LOCAL_AI_MODEL: set both or neither'],
    [{ LOCAL_AI_NAME: 'claude' }, 'LOCAL_AI_NAME: must not be the name of another engine'],
    [{ LOCAL_AI_NAME: 'My Model' }, 'LOCAL_AI_NAME: must be lower case letters'],
    [
      { VISION_ENGINE: 'claude' },
      'VISION_ENGINE: must be chatgpt, claude, gemini or LOCAL_AI_NAME',
    ],
    [{ VISION_ENGINE: 'perplexity', PERPLEXITY_API_KEY: 'k' }, 'VISION_ENGINE: must be chatgpt'],
  ])('%j is refused in words', (env, message) => {
    expect(() => readConfig(env)).toThrow(message)
  })
})

describe('an installation', () => {
  test('asks the engines that its environment names', async () => {
    await using server = engineServer(({ engine, prompt }) => ({ text: `${engine}: ${prompt}` }))
    await using app = await createTestApp({ env: server.env })
    const { engines } = app.services
    const names = engines.list().map(({ name }) => name)
    expect(names).toEqual(['chatgpt', 'claude', 'gemini', 'perplexity', 'local'])
    for (const name of names) {
      const answer = await engines.find(name)?.ask({ prompt: 'Which CRM?' })
      expect(answer?.text).toBe(`${name}: Which CRM?`)
    }
  })

  test('without keys has no engine, and says which it could have', async () => {
    await using app = await createTestApp({ env: { LOCAL_AI_URL: '', LOCAL_AI_MODEL: '' } })
    const { engines } = app.services
    expect(engines.list().every(({ status }) => status === 'not_configured')).toBe(true)
    expect(engines.list()).toHaveLength(4)
  })

  test('loads no package of a provider before the first question', async () => {
    const scan = new Bun.Transpiler({ loader: 'ts' })
    const loaded: string[] = []
    for (const file of new Glob('src/**/*.ts').scanSync()) {
      const imports = scan.scanImports(await Bun.file(file).text())
      loaded.push(
        ...imports
          .filter(({ path, kind }) => path.startsWith('@ai-sdk/') && kind !== 'dynamic-import')
          .map(({ path }) => `${file}: ${path}`),
      )
    }
    expect(loaded).toEqual([])
  })

  test.each([
    ['http://localhost:11434/v1', 'local'],
    ['http://ollama:11434/v1', 'local'],
    ['http://192.168.1.7:1234/v1', 'local'],
    ['http://[fd12::7]:1234/v1', 'local'],
    ['http://gpu.internal/v1', 'local'],
    ['https://openrouter.example.com/api/v1', 'api'],
    ['https://10.example.com/v1', 'api'],
    ['https://172.32.0.1/v1', 'api'],
    ['https://[2001:db8::1]/v1', 'api'],
  ])('calls an engine at %s %s, which decides whether it costs nothing', async (url, surface) => {
    const env = { LOCAL_AI_URL: url, LOCAL_AI_MODEL: 'm' }
    await using app = await createTestApp({ env })
    const engine = app.services.engines.find('local')
    expect(engine?.surface).toBe(surface as 'local' | 'api')
    const price = engine?.priceOf({ inputTokens: 1, outputTokens: 1, searchCalls: 0 })
    expect(price?.amountMicro).toBe(surface === 'local' ? 0 : undefined)
  })
})
