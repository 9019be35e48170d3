import { describe, expect, test } from 'bun:test'
import { createMailer, type Mail, MailError } from '../../src/platform/mailer'
import { rawServer } from '../support/raw-server'
import { smtpServer } from '../support/smtp-server'

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

const mail: Mail = {
  to: 'ada@example.com',
  subject: 'Reset your password',
  text: 'Follow the link.',
}
const from = 'Linkstead <linkstead@example.org>'

async function failure(work: Promise<void>): Promise<MailError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof MailError) return error
  throw new Error(`Expected a MailError, got ${String(error)}.`)
}

describe('the mailer', () => {
  test('hands over text and HTML with the message id that it was given', async () => {
    await using server = await smtpServer()
    const mailer = createMailer({ smtpUrl: server.url, from })
    await mailer.send({ ...mail, html: '<p>Follow <b>it</b>.</p>', messageId: '<m1@example.org>' })
    expect(mailer.configured).toBe(true)
    const [only] = server.received
    expect(only).toMatchObject({ from: 'linkstead@example.org', to: ['ada@example.com'] })
    const source = only?.source ?? ''
    expect(source).toContain('Message-ID: <m1@example.org>')
    expect(source).toContain('From: Linkstead <linkstead@example.org>')
    expect(source).toContain('Subject: Reset your password')
    expect(source).toContain('Follow the link.')
    expect(source).toContain('<p>Follow <b>it</b>.</p>')
  })

  test('without a server is not configured and says so', async () => {
    const mailer = createMailer({ smtpUrl: null, from })
    expect(mailer.configured).toBe(false)
    expect(await failure(mailer.send(mail))).toMatchObject({ permanent: false })
  })

  test.each([
    ['recipient', 550, true],
    ['recipient', 450, false],
    ['content', 554, true],
    ['content', 451, false],
  ])('a %s refused with %d is permanent: %p', async (step, code, permanent) => {
    const answer = refusal(code, 'No such mailbox at 10.0.0.1')
    await using server = await smtpServer(
      step === 'recipient'
        ? { onRcptTo: (_address, _session, done) => done(answer) }
        : {
            onData(stream, _session, done) {
              stream.resume().on('end', () => done(answer))
            },
          },
    )
    const error = await failure(createMailer({ smtpUrl: server.url, from }).send(mail))
    expect(error.permanent).toBe(permanent)
    expect(error.message).not.toContain('10.0.0.1')
  })

  test('refused credentials of ours do not condemn the mail', async () => {
    await using server = await smtpServer({
      authOptional: false,
      onAuth: (_auth, _session, done) => done(refusal(535, 'Bad credentials')),
    })
    const smtpUrl = server.url.replace('smtp://', 'smtp://user:wrong@')
    expect((await failure(createMailer({ smtpUrl, from }).send(mail))).permanent).toBe(false)
  })

  test('a server that never greets is given up', async () => {
    using silent = await rawServer()
    const smtpUrl = `smtp://127.0.0.1:${silent.port}`
    const error = await failure(createMailer({ smtpUrl, from, timeoutMs: 100 }).send(mail))
    expect(error.permanent).toBe(false)
    await silent.allClosed()
  })

  test('a server that falls silent in the middle is given up', async () => {
    using silent = await rawServer((socket) => socket.write('220 hello\r\n'))
    const smtpUrl = `smtp://127.0.0.1:${silent.port}`
    const error = await failure(createMailer({ smtpUrl, from, timeoutMs: 100 }).send(mail))
    expect(error.permanent).toBe(false)
    await silent.allClosed()
  })

  test('a server that is not there is tried again later', async () => {
    const gone = await rawServer()
    gone[Symbol.dispose]()
    const smtpUrl = `smtp://127.0.0.1:${gone.port}`
    expect((await failure(createMailer({ smtpUrl, from }).send(mail))).permanent).toBe(false)
  })

  test('requires TLS where the URL says so', async () => {
    await using server = await smtpServer()
    const smtpUrl = `${server.url}?requireTLS=true`
    expect((await failure(createMailer({ smtpUrl, from }).send(mail))).permanent).toBe(false)
    expect(server.received).toEqual([])
  })

  test.each([
    'ada@example.com\r\nBcc: eve@example.com',
    'ada@example.com\nRCPT TO:<eve@example.com>',
    'ada@example.com, eve@example.com',
    'Eve <eve@example.com>',
    'ada@example.com>',
    '"a b"@example.com',
    'ada@example.com\u2028',
    'ada',
    '',
  ])('the recipient %j is refused before anything is sent', async (to) => {
    using server = await rawServer()
    const smtpUrl = `smtp://127.0.0.1:${server.port}`
    const error = await failure(createMailer({ smtpUrl, from }).send({ ...mail, to }))
    expect(error.permanent).toBe(true)
    expect(server.connections()).toBe(0)
  })

  test('a message id with a line break is refused', async () => {
    using server = await rawServer()
    const mailer = createMailer({ smtpUrl: `smtp://127.0.0.1:${server.port}`, from })
    const bad = { ...mail, messageId: '<a@b>\r\nBcc: eve@example.com' }
    expect((await failure(mailer.send(bad))).permanent).toBe(true)
    expect(server.connections()).toBe(0)
  })

  test.each(['\r\n', '\n', '\r', '\u0085', '\u2028', '\0'])(
    'a subject with %j adds no header',
    async (lineBreak) => {
      await using server = await smtpServer()
      const subject = `Hello${lineBreak}Bcc: eve@example.com`
      await createMailer({ smtpUrl: server.url, from }).send({ ...mail, subject })
      const [only] = server.received
      expect(only?.to).toEqual(['ada@example.com'])
      const head = (only?.source ?? '').split('\r\n\r\n')[0] ?? ''
      expect(head).toContain('Subject: Hello Bcc: eve@example.com')
      expect(head.split('\r\n').filter((line) => /^bcc:/i.test(line))).toEqual([])
    },
  )
})
