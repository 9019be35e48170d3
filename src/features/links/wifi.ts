import type { WifiPayload } from './content'

/** Backslash before what separates fields (the format that ZXing fixed and phones read). */
const escaped = (text: string): string => text.replace(/[\\;,":]/g, '\\$&')

/** What a phone's camera reads to join a network: `WIFI:T:WPA;S:…;P:…;H:true;;`. */
export function wifiUri({ ssid, encryption, password, hidden }: WifiPayload): string {
  const fields = [`T:${encryption}`, `S:${escaped(ssid)}`]
  if (encryption !== 'nopass') fields.push(`P:${escaped(password ?? '')}`)
  if (hidden) fields.push('H:true')
  return `WIFI:${fields.join(';')};;`
}
