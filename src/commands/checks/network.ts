import { isIP } from 'node:net'
import type { Config } from '../../config'
import { createDnsRecords } from '../../platform/dns'
import { verifySmtp } from '../../platform/mailer'
import { type Finding, ok, problem, warning } from './finding'

/** What it needs of other machines, where it is set up to need any. */
export async function examineNetwork(config: Config): Promise<Finding[]> {
  return [await publicName(config), ...(await smtp(config))]
}

async function publicName({ publicUrl, dnsServers }: Config): Promise<Finding> {
  const check = 'public name'
  const host = publicUrl === null ? 'localhost' : new URL(publicUrl).hostname
  if (host === 'localhost' || isIP(host.replace(/^\[|\]$/g, '')) !== 0) {
    const advice =
      'Set PUBLIC_URL to the address that people use, such as https://links.example.com.'
    return warning(check, `Short links begin with ${publicUrl ?? 'http://localhost'}.`, advice)
  }
  const dns = createDnsRecords({ servers: dnsServers })
  const answers = await Promise.all([dns.a(host), dns.aaaa(host)])
  const addresses = answers.flatMap((answer) => answer.values)
  if (addresses.length > 0) return ok(check, `${host} is ${addresses.join(', ')}`)
  if (answers.some(({ verdict }) => verdict === 'unavailable')) {
    const advice = 'Is there a way to DNS from here? DNS_SERVERS names other servers.'
    return problem(check, `DNS does not answer for ${host}.`, advice)
  }
  return problem(check, `DNS knows no address of ${host}.`, 'Set an A or AAAA record for it.')
}

async function smtp({ smtpUrl }: Config): Promise<Finding[]> {
  if (smtpUrl === null) return []
  const { host } = new URL(smtpUrl)
  try {
    await verifySmtp(smtpUrl)
    return [ok('SMTP', `${host} takes our mails`)]
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const advice = 'Check SMTP_URL: host, port, user, password, smtp:// or smtps://.'
    return [problem('SMTP', `${host} does not: ${reason}`, advice)]
  }
}
