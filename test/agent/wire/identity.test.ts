// Certificate files as an operator may leave them: what is taken, what is not, and what stays in use.

import { webcrypto } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PemConverter, X509CertificateGenerator } from '@peculiar/x509';
import test from 'ava';
import { keepIdentity, readIdentity } from '../../../agent/wire/identity.ts';
import { createAuthority } from '../../../scripts/certs/authority.ts';
import { Certificates } from '../sink/hop.ts';

function kept(files: Parameters<typeof keepIdentity>[0]) {
  const troubles: string[] = [];
  return { identity: keepIdentity(files, ({ message }) => void troubles.push(message)), troubles };
}

test('expired-in-use: the certificate that has expired while it is in use is no new one', async (t) => {
  const certificates = await Certificates.create(t);
  const files = await certificates.issue('a', [], -1);
  const { identity, troubles } = kept(files);
  const first = await identity.refresh();
  t.is(await identity.refresh(), first);
  t.deepEqual(troubles, []);
  await certificates.issue('a');
  t.not(await identity.refresh(), first);
  t.deepEqual(troubles, []);
});

test('a new pair that has expired, does not fit, or cannot be read leaves the old one in use and says so', async (t) => {
  const certificates = await Certificates.create(t);
  const files = await certificates.issue('a');
  const { identity, troubles } = kept(files);
  const good = await identity.refresh();
  await certificates.issue('a', [], -1);
  t.is(await identity.refresh(), good);
  t.regex(troubles[0] ?? '', /^the certificate in .*a\.crt expired at \d{4}-.*: renew it$/);
  const other = await certificates.issue('b');
  await writeFile(files.certFile, await readFile(other.certFile));
  t.is(await identity.refresh(), good);
  t.regex(troubles[1] ?? '', /^the key in .*a\.key is not the key of the certificate in .*a\.crt$/);
  await writeFile(files.certFile, '');
  t.is(await identity.refresh(), good);
  t.is(await identity.refresh(), good);
  t.regex(troubles[2] ?? '', /^there is no PEM certificate in .*a\.crt$/);
  t.is(troubles.length, 3, 'each once');
});

test('two-firsts: who looks while another one looks for the first time gets what that one finds', async (t) => {
  const certificates = await Certificates.create(t);
  const { identity } = kept(await certificates.issue('a'));
  const [one, other] = await Promise.all([identity.refresh(), identity.refresh()]);
  t.is(one, other);
});

test('several authorities: an expired one beside one that is valid, and a damaged one', async (t) => {
  const certificates = await Certificates.create(t);
  const files = await certificates.issue('a');
  const expired = await createAuthority('old', -1);
  await writeFile(files.caFile, `${expired.certificate}${certificates.authority.certificate}`);
  const { identity, troubles } = kept(files);
  await identity.refresh();
  await appendFile(files.caFile, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  await identity.refresh();
  t.regex(troubles.join(), /^there is no PEM certificate in .*ca\.crt: number 3 is damaged$/);
});

test('short-key: what OpenSSL would refuse at the first connection is refused when it is read', async (t) => {
  const certificates = await Certificates.create(t);
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024 };
  const rsa = { ...algorithm, publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
  const notAfter = new Date(Date.now() + 86_400_000);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=short',
    notBefore: new Date(0),
    notAfter,
    keys,
    signingAlgorithm: algorithm,
  });
  const files = {
    ...certificates.files('short'),
    caFile: join(certificates.dir, 'ca.crt'),
  };
  await writeFile(files.certFile, certificate.toString('pem'));
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  await writeFile(files.keyFile, PemConverter.encode(key, 'PRIVATE KEY'));
  await t.throwsAsync(readIdentity(files), {
    code: 'config',
    message: /^TLS cannot use .*short\.crt with its key and .*ca\.crt: .*key too small/,
  });
});
