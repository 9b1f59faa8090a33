// The certificate that this agent shows at its links, with its key and the authority that it trusts: read from PEM
// files and checked before use, because what OpenSSL says of a bad one helps nobody.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { SpillwayError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';

export interface IdentityFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

export interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly notAfter: Date;
}

/** A chain of certificates has a few kilobytes, a bundle of authorities some hundred. */
const PEM_BYTES_MAX = 1024 * 1024;

/** The same for both ends of every link. */
export const TLS_OPTIONS = { minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true } as const;

/** @throws SpillwayError `config`; `data.key` is the one that names the file at fault. */
export async function readIdentity(files: IdentityFiles): Promise<Identity> {
  const [cert, key, ca] = await Promise.all([
    readText(files, 'certFile'),
    readText(files, 'keyFile'),
    readText(files, 'caFile'),
  ]);
  const certificate = parseCertificate(files, 'certFile', cert);
  const authority = parseCertificate(files, 'caFile', ca);
  if (!certificate.checkPrivateKey(parseKey(files, key))) {
    throw wrong(
      'keyFile',
      `the key in ${files.keyFile} is not the key of the certificate in ${files.certFile}`,
    );
  }
  checkDates(files.certFile, 'certFile', certificate);
  checkDates(files.caFile, 'caFile', authority);
  return { cert, key, ca, notAfter: new Date(certificate.validTo) };
}

/** Every name and address a certificate is for. */
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

async function readText(files: IdentityFiles, key: keyof IdentityFiles): Promise<string> {
  try {
    return await readRegularFile(files[key], PEM_BYTES_MAX);
  } catch (error) {
    throw wrong(key, `cannot read ${files[key]}: ${error instanceof Error ? error.message : error}`);
  }
}

function parseCertificate(files: IdentityFiles, key: 'certFile' | 'caFile', pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw wrong(key, `there is no PEM certificate in ${files[key]}`);
  }
}

function parseKey(files: IdentityFiles, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw wrong('keyFile', `there is no PEM private key without a passphrase in ${files.keyFile}`);
  }
}

function checkDates(file: string, key: keyof IdentityFiles, { validFrom, validTo }: X509Certificate): void {
  const now = Date.now();
  if (new Date(validTo).getTime() < now) {
    throw wrong(key, `the certificate in ${file} expired at ${validTo}: renew it`);
  }
  if (new Date(validFrom).getTime() > now) {
    throw wrong(key, `the certificate in ${file} is not valid before ${validFrom}: look at the clock`);
  }
}

function wrong(key: keyof IdentityFiles, text: string): SpillwayError {
  return new SpillwayError('config', text, { retryable: true, data: { key } });
}
