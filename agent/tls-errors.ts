// What OpenSSL's errors mean for a user, and what to do. An error is of this side (it did not understand the other), or
// it is an alert, by which the other side says what it did not like.

const OURS: Readonly<Record<string, string>> = {
  WRONG_VERSION_NUMBER: 'the other side speaks no TLS: set tls on both sides or on neither',
  HTTP_REQUEST: 'the other side speaks HTTP, not TLS: is this the right port?',
  HTTPS_PROXY_REQUEST: 'the other side speaks HTTP, not TLS: is this the right port?',
  PACKET_LENGTH_TOO_LONG: 'the other side speaks no TLS: set tls on both sides or on neither',
  UNSUPPORTED_PROTOCOL: 'the other side offers no TLS 1.3, and nothing older is taken',
  PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the other side shows no certificate',
  NO_SHARED_CIPHER: 'the two sides have no cipher in common',
};

const ALERTS: Readonly<Record<string, string>> = {
  UNKNOWN_CA:
    'the other side does not know the authority of our certificate: take one of the authority it trusts',
  CERTIFICATE_EXPIRED: 'our certificate has expired, by the clock of the other side: renew it',
  CERTIFICATE_REQUIRED: 'the other side asks for a certificate: set tls',
  CERTIFICATE_REVOKED: 'our certificate was revoked',
  CERTIFICATE_UNKNOWN: 'the other side does not take our certificate',
  BAD_CERTIFICATE: 'the other side does not take our certificate',
  UNSUPPORTED_CERTIFICATE: 'our certificate is not one for this: it must be for clientAuth and serverAuth',
  ACCESS_DENIED: 'our certificate is in order, but its name is not allowed there',
  PROTOCOL_VERSION: 'the other side does not speak TLS 1.3, and nothing older is taken',
  HANDSHAKE_FAILURE: 'the two sides have no way of TLS in common',
};

/** In words: `TLS failed: the other side speaks no TLS: ...`; undefined of an error that is not OpenSSL's. */
export function describeTls(error: Error): string | undefined {
  const code = 'code' in error ? String(error.code) : '';
  if (!code.startsWith('ERR_SSL_')) return undefined;
  const name = code.slice('ERR_SSL_'.length);
  const [, alert] = /_ALERT_([A-Z_]+)$/.exec(name) ?? [];
  const known = alert === undefined ? wordsIn(OURS, name) : wordsIn(ALERTS, alert);
  return `TLS failed: ${known ?? name.replaceAll('_', ' ').toLowerCase()}`;
}

function wordsIn(words: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(words, name) ? words[name] : undefined;
}
