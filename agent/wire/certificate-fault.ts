// What is wrong with the certificate of a peer, in the words of both sides: what a receiver tells a sender that it
// refuses (no more than TLS itself has alerts for: nothing of what was expected), and what a sender tells its user of a
// receiver.

import type tls from 'node:tls';

export type CertificateFault =
  | 'unknown-authority'
  | 'expired'
  | 'not-yet-valid'
  | 'missing'
  | 'not-allowed'
  | 'unsuitable';

/** By the code of OpenSSL's verification, as Node gives it. */
const FAULTS: Readonly<Record<string, CertificateFault>> = {
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown-authority',
  CERT_SIGNATURE_FAILURE: 'unknown-authority',
  CERT_UNTRUSTED: 'unknown-authority',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  INVALID_CA: 'unsuitable',
  INVALID_PURPOSE: 'unsuitable',
  PATH_LENGTH_EXCEEDED: 'unsuitable',
  CERT_REJECTED: 'unsuitable',
};

/** Of a code that is none of verification: undefined. */
export function certificateFaultOf(code: string): CertificateFault | undefined {
  return Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined;
}

/**
 * Why a peer that has shown this certificate, or none, is not let in; null: it is.
 * A session that was begun before is as good as no certificate: what it was worth then says nothing of now.
 */
export function faultOfPeer(socket: tls.TLSSocket): CertificateFault | null {
  if (socket.isSessionReused() || socket.getPeerX509Certificate() === undefined) return 'missing';
  if (socket.authorized) return null;
  // Node's types call it an Error; it is a code
  return certificateFaultOf(String(socket.authorizationError)) ?? 'unsuitable';
}

const SAID_BY_RECEIVER: Readonly<Record<CertificateFault, string>> = {
  'unknown-authority':
    'it does not know the authority of our certificate: take one of the authority that it trusts',
  expired: 'our certificate has expired, by its clock: renew it',
  'not-yet-valid': 'our certificate is not valid yet, by its clock: look at both clocks',
  missing: 'it asks for a certificate: set tls',
  'not-allowed': 'our certificate is in order, but its name is not allowed there',
  unsuitable: 'our certificate is not one for this: it must be for clientAuth and serverAuth',
};

/** To the sender, which puts its own address of the receiver before it. */
export function saidByReceiver(fault: CertificateFault): string {
  return SAID_BY_RECEIVER[fault];
}

const SAID_OF_PEER: Readonly<Record<CertificateFault, string>> = {
  'unknown-authority': 'its certificate is of an authority that is not in caFile',
  expired: 'its certificate, or the authority of it, has expired: renew it there',
  'not-yet-valid': 'its certificate is not valid yet: look at both clocks',
  missing: 'it shows no certificate',
  'not-allowed': 'its certificate is in order, but its name is not one of those allowed',
  unsuitable: 'its certificate is not one for this: it must be for clientAuth and serverAuth',
};

/** To the user of the side that looked at the certificate. */
export function saidOfPeer(fault: CertificateFault): string {
  return SAID_OF_PEER[fault];
}
