// What `agent check` says of certificates, keys and tokens.

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Certificates } from '../sink/hop.ts';
import { load, MINIMAL, problemsOf } from './written.ts';

const listener = (tls: object, more: object = {}) =>
  `${MINIMAL}sources: ${JSON.stringify([{ type: 'listen', name: 'a', address: '127.0.0.1:1', tls, ...more }])}\n`;

test('certificates that are in order are taken, and a key that others can read is a warning', async (t) => {
  const certificates = await Certificates.create(t);
  const files = await certificates.issue('a');
  t.deepEqual((await load(t, listener(files))).warnings, []);
  await chmod(files.keyFile, 0o644);
  const { warnings } = await load(t, listener(files));
  t.is(warnings.length, 1);
  t.regex(
    warnings[0] ?? '',
    /sources\[0\]\.tls\.keyFile: .*a\.key can be read by other users .* chmod 600 it$/,
  );
});

test('everything that can be wrong with them is named, with the key at fault', async (t) => {
  const certificates = await Certificates.create(t);
  const files = await certificates.issue('a');
  const other = await certificates.issue('b');
  const expired = await certificates.issue('old', [], -1);
  const garbage = join(certificates.dir, 'garbage');
  await writeFile(garbage, 'hello');
  const cases: readonly (readonly [object, RegExp])[] = [
    [
      { ...files, certFile: '/nowhere/a.crt' },
      /tls\.certFile: cannot read \/nowhere\/a\.crt: it does not exist/,
    ],
    [{ ...files, keyFile: certificates.dir }, /tls\.keyFile: cannot read .*: it is a directory/],
    [{ ...files, certFile: garbage }, /tls\.certFile: there is no PEM certificate in .*garbage$/],
    [{ ...files, keyFile: garbage }, /tls\.keyFile: there is no PEM private key .*garbage$/],
    [{ ...files, caFile: garbage }, /tls\.caFile: there is no PEM certificate in .*garbage$/],
    [{ ...files, keyFile: other.keyFile }, /tls\.keyFile: the key in .*b\.key is not the key of .*a\.crt$/],
    [expired, /tls\.certFile: the certificate in .*old\.crt expired at .*: renew it$/],
    [{ certFile: files.certFile }, /tls\.keyFile: missing, expected the path of a PEM private key$/m],
    [{ ...files, allow: [] }, /tls\.allow: /],
  ];
  for (const [tls, expected] of cases) {
    t.regex((await problemsOf(t, listener(tls), { dates: 'checked' })).join('\n'), expected);
  }
});

test('expired-at-start: an agent starts with a certificate that has expired, a check refuses it', async (t) => {
  const certificates = await Certificates.create(t);
  const config = listener(await certificates.issue('old', [], -1));
  t.deepEqual((await load(t, config)).warnings, []);
  t.regex((await problemsOf(t, config, { dates: 'checked' })).join(), /old\.crt expired at .*: renew it$/);
});

test('binary-token: raw random bytes are refused, because most of them would count as the same', async (t) => {
  const tokenFile = join((await Certificates.create(t)).dir, 'token');
  const config = `${MINIMAL}destinations: ${JSON.stringify([{ name: 'a', address: '127.0.0.1:1', tokenFile }])}\n`;
  await writeFile(tokenFile, Buffer.alloc(32, 0xe9), { mode: 0o600 });
  t.regex((await problemsOf(t, config)).join(), /tokenFile: the token in .*token is not text: openssl rand/);
});

test('tokens: missing, too short, readable by others', async (t) => {
  const { dir } = await Certificates.create(t);
  const tokenFile = join(dir, 'token');
  const config = `${MINIMAL}destinations: ${JSON.stringify([{ name: 'a', address: '127.0.0.1:1', tokenFile }])}\n`;
  t.regex(
    (await problemsOf(t, config)).join(),
    /destinations\[0\]\.tokenFile: cannot read .*token: it does not exist/,
  );
  await writeFile(tokenFile, 'short', { mode: 0o600 });
  t.regex((await problemsOf(t, config)).join(), /has 5 bytes, expected 16 to 4096/);
  await writeFile(tokenFile, '0123456789abcdef');
  t.deepEqual(
    (await load(t, config)).warnings.filter((line) => line.includes('token')),
    [],
  );
  await chmod(tokenFile, 0o640);
  t.is((await load(t, config)).warnings.filter((line) => line.includes('chmod 600')).length, 1);
});
