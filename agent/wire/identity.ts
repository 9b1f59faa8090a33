// The certificate that this agent shows at its links, with its key and the authorities that it trusts: read from PEM
// files and checked before use, because what OpenSSL says of a bad one helps nobody.
//
// Dates are no reason to do without: an agent that starts with a certificate that has expired still tails, keeps and
// delivers over its other links, and says what is to be renewed. But what expired never takes the place of what was
// read before.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { SpillwayError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';
import { Kept } from './kept.ts';
import { firstToEnd, lastToEnd, type Validity } from './validity.ts';

export interface IdentityFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

export interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** Of the certificate and those that stand behind it in its file: as long as all of them are valid. */
  readonly own: Validity;
  /** Of the authorities together: there may be an old one and its successor. */
  readonly authority: Validity;
}

/** A chain of certificates has a few kilobytes, a bundle of authorities some hundred. */
const PEM_BYTES_MAX = 1024 * 1024;
const PEM_CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----.*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/gs;

/** A line for the log, where files that are not in order are met. */
export const IDENTITY_STAYS = 'new certificate files are not used: those read before stay in use';

/** The same for both ends of every link. */
export const TLS_OPTIONS = { minVersion: 'TLSv1.3' } as const;

/**
 * @param before what was read last: it is given again where the files have not changed
 * @throws SpillwayError `config`; `data.key` is the one that names the file at fault
 */
export async function readIdentity(files: IdentityFiles, before: Identity | null = null): Promise<Identity> {
  const [cert, key, ca] = await Promise.all([
    readText(files, 'certFile'),
    readText(files, 'keyFile'),
    readText(files, 'caFile'),
  ]);
  if (before !== null && before.cert === cert && before.key === key && before.ca === ca) return before;
  const [certificate, ...chain] = parseCertificates(files, 'certFile', cert);
  const authorities = parseCertificates(files, 'caFile', ca);
  if (!certificate.checkPrivateKey(parseKey(files, key))) {
    throw wrong(
      'keyFile',
      `the key in ${files.keyFile} is not the key of the certificate in ${files.certFile}`,
    );
  }
  refuseUnusable(files, { cert, key, ca });
  return { cert, key, ca, own: firstToEnd([certificate, ...chain]), authority: lastToEnd(authorities) };
}

/** @param onTrouble told why new files are not used; once for each reason */
export function keepIdentity(
  files: IdentityFiles,
  onTrouble: (error: SpillwayError) => void,
): Kept<Identity> {
  return new Kept(async (before) => {
    const identity = await readIdentity(files, before);
    const [fault] = before === null || identity === before ? [] : dateFaults(files, identity, Date.now());
    if (fault !== undefined) throw fault;
    return identity;
  }, onTrouble);
}

/** What is not valid now; each names the file in its text and the key in `data.key`. */
export function dateFaults(
  files: IdentityFiles,
  { own, authority }: Identity,
  nowMs: number,
): SpillwayError[] {
  const parts = [
    { key: 'certFile', validity: own },
    { key: 'caFile', validity: authority },
  ] as const;
  return parts.flatMap(({ key, validity }) => {
    const { notBeforeMs, notAfterMs } = validity;
    const what = `the certificate in ${files[key]}`;
    if (notAfterMs < nowMs) return [wrong(key, `${what} expired at ${dateOf(notAfterMs)}: renew it`)];
    if (notBeforeMs <= nowMs) return [];
    return [wrong(key, `${what} is not valid before ${dateOf(notBeforeMs)}: look at the clock`)];
  });
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString();
}

async function readText(files: IdentityFiles, key: keyof IdentityFiles): Promise<string> {
  try {
    return await readRegularFile(files[key], PEM_BYTES_MAX);
  } catch (error) {
    throw wrong(key, `cannot read ${files[key]}: ${error instanceof Error ? error.message : error}`);
  }
}

function parseCertificates(
  files: IdentityFiles,
  key: 'certFile' | 'caFile',
  pem: string,
): readonly [X509Certificate, ...X509Certificate[]] {
  const [first, ...others] = pem.match(PEM_CERTIFICATE) ?? [];
  if (first === undefined) throw wrong(key, `there is no PEM certificate in ${files[key]}`);
  const parse = (text: string, index: number) => {
    try {
      return new X509Certificate(text);
    } catch {
      throw wrong(key, `there is no PEM certificate in ${files[key]}: number ${index + 1} is damaged`);
    }
  };
  return [parse(first, 0), ...others.map((text, index) => parse(text, index + 1))];
}

function parseKey(files: IdentityFiles, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw wrong('keyFile', `there is no PEM private key without a passphrase in ${files.keyFile}`);
  }
}

/** What OpenSSL would find fault with only when a connection is to use it: a key that is too short, say. */
function refuseUnusable(files: IdentityFiles, parts: { cert: string; key: string; ca: string }): void {
  try {
    tls.createSecureContext({ ...TLS_OPTIONS, ...parts });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw wrong('certFile', `TLS cannot use ${files.certFile} with its key and ${files.caFile}: ${why}`);
  }
}

function wrong(key: keyof IdentityFiles, text: string): SpillwayError {
  return new SpillwayError('config', text, { retryable: true, data: { key } });
}
