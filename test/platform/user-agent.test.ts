import { expect, test } from 'bun:test'
import { createAgentClassifier } from '../../src/platform/user-agent'

const classify = createAgentClassifier()

test.each([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    { kind: 'human', device: 'desktop', os: 'Windows', browser: 'Chrome' },
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
    { kind: 'human', device: 'mobile', os: 'iOS', browser: 'Mobile Safari' },
  ],
  [
    'Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1',
    { kind: 'human', device: 'tablet', os: 'iOS', browser: 'Mobile Safari' },
  ],
] as const)('%s is a person with a device, a system and a browser', (userAgent, agent) => {
  expect(classify(userAgent)).toEqual(agent)
})

test.each([
  'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  'Twitterbot/1.0',
  'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
  'WhatsApp/2.23.20.0 A',
  'TelegramBot (like TwitterBot)',
  'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
  'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)',
])('%s fetches a preview', (userAgent) => {
  expect(classify(userAgent).kind).toBe('preview')
})

test.each([
  '',
  '   ',
  'curl/8.5.0',
  'python-requests/2.32.3',
  'Go-http-client/2.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
])('"%s" is a bot', (userAgent) => {
  expect(classify(userAgent).kind).toBe('bot')
})
