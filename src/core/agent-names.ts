/** What the classifier calls devices, systems and browsers, as `ua-parser-js` documents them. */
const DEVICES = ['desktop', 'mobile', 'tablet', 'smarttv', 'console', 'wearable', 'embedded', 'xr']

const SYSTEMS = [
  'AIX|AmigaOS|Android|Android-x86|Arch|Bada|BeOS|BlackBerry|CentOS|Chromecast|Chromium OS|Contiki',
  'Debian|Deepin|DragonFly|elementary OS|Fedora|Firefox OS|FreeBSD|Fuchsia|Gentoo|GhostBSD|GNU',
  'Haiku|HarmonyOS|HP-UX|Hurd|iOS|Joli|KaiOS|Kubuntu|Linpus|Linspire|Linux|Lubuntu|Mac OS|Maemo',
  'Mageia|Mandriva|Manjaro|MeeGo|Minix|Mint|MorphOS|NetBSD|NetRange|NetTV|Nintendo|OpenBSD',
  'OpenHarmony|OpenSolaris|openSUSE|OpenVMS|OS/2|Palm|PC-BSD|PCLinuxOS|Plan 9|PlayStation|QNX',
  'Raspbian|Red Hat|RedHat|RIM Tablet OS|RISC OS|Sabayon|Sailfish|SerenityOS|Series40|Slackware',
  'Solaris|SUSE|Symbian|Tizen|Ubuntu|Ubuntu Touch|Unix|VectorLinux|Viera|watchOS|webOS|Windows',
  'Windows IoT|Windows Mobile|Windows Phone|Windows Phone OS|Xbox|Xubuntu|Zenwalk',
].flatMap((line) => line.split('|'))

const BROWSERS = [
  '115|2345|360|Alipay|Amaya|Android Browser|Arora|Avant|Avast Secure Browser|AVG Secure Browser',
  'Baidu|Basilisk|Blazer|Bolt|Bowser|Brave|Camino|Chimera|Chrome|Chrome Headless|Chrome WebView',
  'Chromium|Cobalt|Coc Coc|Conkeror|Daum|Dillo|Dolphin|Doris|Dragon|DuckDuckGo|Edge|Electron',
  'Epiphany|Facebook|Falkon|Fennec|Firebird|Firefox|Firefox Focus|Firefox Reality|Flock|Flow',
  'Go Browser|GSA|Helio|HeyTap|Huawei Browser|iCab|IceApe|ICE Browser|IceCat|IceDragon|Iceweasel|IE',
  'IEMobile|Instagram|Iridium|Iron|Jasmine|KakaoStory|KakaoTalk|KHTML|Kindle|Klar|Klarna|K-Meleon',
  'Konqueror|Ladybird|LBBROWSER|LibreWolf|Line|LinkedIn|Links|Lunascape|Lynx|Maemo Browser|Maxthon',
  'Midori|Minimo|MIUI Browser|Mobile Safari|Mosaic|Mozilla|Naver|NetFront|Netscape|NetSurf',
  'NokiaBrowser|Obigo|Oculus Browser|OmniWeb|Opera|Opera Coast|Opera GX|Opera Mini|Opera Mobi',
  'Opera Tablet|Opera Touch|Ovi|OviBrowser|PaleMoon|PhantomJS|Phoenix|Pico Browser|Polaris|Puffin',
  'QQBrowser|QQBrowserLite|Quark|QupZilla|Rekonq|RockMelt|Safari|Sailfish Browser|Samsung Internet',
  'SeaMonkey|Silk|Skyfire|Sleipnir|SlimBoat|SlimBrowser|Slimjet|Smart Lenovo Browser|Snapchat',
  'Sogou Explorer|Sogou Mobile|Swiftfox|Tesla|TikTok|Tizen Browser|Twitter|UCBrowser|UP.Browser',
  'Vivaldi|Vivo Browser|w3m|Waterfox|WebKit|WeChat|Weibo|Whale|Wolvic|Yandex',
].flatMap((line) => line.split('|'))

/** Names that people use for the same thing. */
const ALSO: ReadonlyMap<string, string> = new Map([
  ['macos', 'Mac OS'],
  ['mac os x', 'Mac OS'],
  ['os x', 'Mac OS'],
  ['ipados', 'iOS'],
  ['chrome os', 'Chromium OS'],
  ['chromeos', 'Chromium OS'],
  ['internet explorer', 'IE'],
  ['microsoft edge', 'Edge'],
  ['google chrome', 'Chrome'],
  ['samsung browser', 'Samsung Internet'],
])

export type AgentTrait = 'device' | 'os' | 'browser'

const byLowerCase = (names: readonly string[]) =>
  new Map(names.map((name) => [name.toLowerCase(), name]))

const VOCABULARY: Readonly<Record<AgentTrait, ReadonlyMap<string, string>>> = {
  device: byLowerCase(DEVICES),
  os: byLowerCase(SYSTEMS),
  browser: byLowerCase(BROWSERS),
}

/** The classifier's own name for what a person calls a trait; undefined where it has none. */
export function parseAgentName(trait: AgentTrait, text: string): string | undefined {
  const name = text.trim().toLowerCase()
  return VOCABULARY[trait].get(name) ?? VOCABULARY[trait].get((ALSO.get(name) ?? '').toLowerCase())
}

/** The commonest names of each trait, for people who meant one of them. */
export const COMMON_NAMES = {
  device: DEVICES,
  os: ['Android', 'iOS', 'Windows', 'Mac OS', 'Linux', 'Chromium OS'],
  browser: ['Chrome', 'Mobile Safari', 'Safari', 'Firefox', 'Edge', 'Samsung Internet', 'Opera'],
} as const satisfies Record<AgentTrait, readonly string[]>
