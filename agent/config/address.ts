// host:port, as a user writes it and as a socket wants it. The host is a name, an IPv4 address or an
// IPv6 address; in text an IPv6 address stands in brackets, here it does not.

import { isIPv4, isIPv6 } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;
const HOST_LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;

/** The address in `text`, or a string that says what was expected instead. */
export function parseAddress(text: string, { portMin = 1 }: { portMin?: 0 | 1 } = {}): Address | string {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,9})$/.exec(text);
  if (match === null) {
    return isIPv6(text)
      ? `host:port with the IPv6 address in brackets, such as [${text}]:4100`
      : 'host:port, such as 127.0.0.1:4100 or [::1]:4100';
  }
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port < portMin || port > PORT_MAX) return `host:port with a port of ${portMin} to ${PORT_MAX}`;
  if (bracketed !== undefined) {
    return isIPv6(bracketed) ? { host: bracketed, port } : 'an IPv6 address between the brackets';
  }
  const host = plain ?? '';
  return isHost(host) ? { host, port } : 'host:port with a valid IPv4 address or host name';
}

function isHost(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIPv4(host);
  return host.length <= 253 && host.split('.').every((label) => HOST_LABEL.test(label));
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True of an address that a socket can listen on but nobody can connect to from elsewhere. */
export function isWildcard({ host }: Address): boolean {
  return host === '0.0.0.0' || host === '::';
}
