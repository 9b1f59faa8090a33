// Whom a certificate is for.

import { isIP } from 'node:net';
import tls from 'node:tls';

/** Every name a certificate is for; addresses are not among them. */
export function namesIn({ subject, subjectaltname = '' }: tls.PeerCertificate): ReadonlySet<string> {
  const alternatives = subjectaltname
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length));
  const common = subject?.CN;
  return new Set([...alternatives, ...(typeof common === 'string' ? [common] : [])]);
}

/** Why the peer's certificate is not one for that instance, host or address; or undefined. */
export function nameFault(expected: string, certificate: tls.PeerCertificate): Error | undefined {
  if (isIP(expected) === 0 && namesIn(certificate).has(expected)) return undefined;
  return tls.checkServerIdentity(expected, certificate);
}
