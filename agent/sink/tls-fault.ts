// Why a TLS link to a receiver does not come up, in words that say what to do.

import type tls from 'node:tls';
import { certificateFaultOf, saidOfPeer } from '../wire/certificate-fault.ts';

/** A certificate may have any number of names. */
const NAMES_CHARS_MAX = 200;

/** @returns undefined where the system or OpenSSL says it */
export function tlsFault(cause: Error, expected: string): string | undefined {
  const code = 'code' in cause ? String(cause.code) : '';
  const fault = certificateFaultOf(code);
  if (fault !== undefined) return `${saidOfPeer(fault)} (${code})`;
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is not for ${expected}, but for ${namesOf(cause)}: set tls.name to the one that is meant, or have it issued for ${expected}`;
    case 'ECONNRESET':
      return 'it ended the TLS handshake: it speaks no TLS (set tls on both sides or on neither), or has no time for it now';
    default:
      return undefined;
  }
}

function namesOf(cause: Error): string {
  const certificate = 'cert' in cause ? (cause.cert as tls.PeerCertificate) : null;
  const names = certificate?.subjectaltname ?? `CN=${certificate?.subject?.CN ?? ''}`;
  return names.length <= NAMES_CHARS_MAX ? names : `${names.slice(0, NAMES_CHARS_MAX)} and others`;
}
