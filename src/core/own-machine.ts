const PRIVATE_NAME = /^(localhost|[^.]+|.+\.(localhost|local|lan|internal|home\.arpa))$/
const PRIVATE_ADDRESS =
  /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[(::1|f[cd][\da-f]{2}:.*)\]$)/

/**
 * Whether a URL leads to this machine or into a private network, by its name or literal address alone
 * (RFC 1918, 4193, 6761, 6762, 8375; a name without a dot is one of a container or a LAN).
 */
export function isOwnMachine(url: string): boolean {
  const { hostname } = new URL(url)
  const isLiteral = hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
  return isLiteral ? PRIVATE_ADDRESS.test(hostname) : PRIVATE_NAME.test(hostname)
}
