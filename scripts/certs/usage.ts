// What the command line of `npm run certs` may say.

import { isIP } from 'node:net';
import { AUTHORITY } from './directory.ts';

export class UsageError extends Error {}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const HOST = /^(?!-)[A-Za-z0-9_.-]{1,253}$/;
const DAYS_MAX = 36_500;

/** `instance1=10.0.0.1,host.example`; an IPv6 address may stand in brackets, as it does before a port. */
export function parseIdentity(text: string): { name: string; addresses: string[] } {
  const [name = '', ...rest] = text.split('=');
  // a file system that does not tell upper from lower case would give it the files of the authority
  if (!NAME.test(name) || name.toLowerCase() === AUTHORITY) {
    throw new UsageError(`${JSON.stringify(name)} cannot be a name: expected the id of an instance`);
  }
  const addresses = rest
    .join('=')
    .split(',')
    .filter(Boolean)
    .map((address) => address.replace(/^\[(.*)\]$/, '$1'));
  for (const address of addresses) refuseAddress(address, name);
  return { name, addresses };
}

function refuseAddress(address: string, name: string): void {
  const isAddress = isIP(address) !== 0;
  if (isAddress && !address.includes('%')) return;
  if (!isAddress && HOST.test(address) && !/^[\d.]+$/.test(address)) return;
  const found = `${JSON.stringify(address)} of ${name}`;
  if (/:\d+$/.test(address) && !isAddress)
    throw new UsageError(`${found} has a port: a certificate is for an address`);
  throw new UsageError(`${found} is neither an IP address nor a host name`);
}

export function parseDays(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > DAYS_MAX)
    throw new UsageError(
      `--days is ${JSON.stringify(text)}, expected a whole number of days, 1 to ${DAYS_MAX}`,
    );
  return days;
}
