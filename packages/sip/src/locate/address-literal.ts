/**
 * Is a host an address or a name? An address needs no look-up (RFC 3263 §4.2).
 */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const IPV6 = /^[0-9a-f:]*:[0-9a-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?(?:%[0-9a-z._~-]+)?$/i;

export function isAddressLiteral(host: string): boolean {
  return IPV4.test(host) || host.startsWith('[') || IPV6.test(host);
}

/** IPv6 addresses stand in brackets in messages and without them at sockets. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

export function withBrackets(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
