import type { Client } from './app'

export const WIFI = {
  kind: 'wifi',
  title: 'Guest Wi-Fi',
  payload: { ssid: 'MyNet', encryption: 'WPA', password: 'secret123' },
}

export const CARD = {
  kind: 'vcard',
  payload: {
    firstName: 'Ada',
    lastName: 'Lovelace; Countess, of',
    organization: 'Analytical Engines, Ltd; London \\ Paris',
    title: 'Enchantress of Number',
    email: ['ada@example.com', 'ada.lovelace@example.org'],
    phone: '+44 20 7946 0958',
    url: 'https://example.com/ada?a=1,2;3',
    address: '12 St James’s Square\nLondon',
    note: `First line\nSecond line, with a comma; and a semicolon. ${'Größe 漢字 👩‍👩‍👧 '.repeat(12)}`,
  },
}

export const TEXT = {
  kind: 'text',
  payload: { text: '\n  two\tspaces\n\n<b>not bold</b> & "quoted"' },
}

/** Creates a link and answers its data. */
export async function made(client: Client, body: object) {
  const answer = await client.post('/api/v1/links', body)
  if (answer.status !== 201) throw new Error(answer.text)
  return answer.json.data
}

/** A visit by a browser of a person. */
export const BROWSER = {
  'user-agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  accept: 'text/html',
}
