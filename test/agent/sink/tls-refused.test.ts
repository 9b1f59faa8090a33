// A link that TLS lets not come up: the sender says why, and what to do.

import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import test from 'ava';
import { createAuthority, issue } from '../../../scripts/certs/authority.ts';
import { until } from '../source/until.ts';
import { Certificates, hop, saysProblem } from './hop.ts';

const LISTEN = { reloadMs: 100, handshakesPerSecondMax: 1_000 };
const PATIENT = { handshakeTimeoutMs: 20_000 };

test('closed-without-a-word: a sender whose certificate is not taken says what TLS had against it', async (t) => {
  const certificates = await Certificates.create(t);
  const tls = { ...(await certificates.issue('receiver', ['127.0.0.1'])), ...LISTEN, allow: ['sender'] };
  const expired = await hop(t, { tls, ...PATIENT }, { tls: await certificates.issue('sender', [], -1) });
  await saysProblem(
    expired,
    /^127\.0\.0\.1:\d+ refuses: our certificate has expired, by its clock: renew it$/,
  );
  const other = await hop(t, { tls, ...PATIENT }, { tls: await certificates.issue('other') });
  await saysProblem(other, /refuses: our certificate is in order, but its name is not allowed there$/);
  await expired.send('never\n');
  for (const { listening } of [expired, other]) t.is((await listening.events()).length, 0);
});

test('a sender says what it has against the certificate of the receiver', async (t) => {
  const certificates = await Certificates.create(t);
  const sender = await certificates.issue('sender');
  const expired = await certificates.issue('old', ['127.0.0.1'], -1);
  const stale = await hop(t, { tls: { ...expired, ...LISTEN }, ...PATIENT }, { tls: sender });
  await saysProblem(
    stale,
    /^cannot connect to .*: its certificate, or the authority of it, has expired: renew/,
  );
  const elsewhere = await Certificates.create(t);
  const foreign = { ...(await elsewhere.issue('receiver', ['127.0.0.1'])), ...LISTEN };
  const unknown = await hop(t, { tls: foreign, ...PATIENT }, { tls: sender });
  await saysProblem(
    unknown,
    /^cannot connect to .*: its certificate is of an authority that is not in caFile/,
  );
  await stale.send('never\n');
  await unknown.send('never\n');
  for (const { listening } of [stale, unknown]) t.is((await listening.events()).length, 0);
});

test('TLS on one side only: each side says so', async (t) => {
  const certificates = await Certificates.create(t);
  const sender = await certificates.issue('sender');
  const plain = await hop(t, {}, { tls: sender });
  await saysProblem(
    plain,
    /^cannot connect to .*: it ended the TLS handshake: it speaks no TLS \(set tls on both/,
  );
  const tls = { ...(await certificates.issue('receiver', ['127.0.0.1'])), ...LISTEN };
  const bare = await hop(t, { tls, ...PATIENT }, {});
  await saysProblem(
    bare,
    /closed the connection before it answered: does it expect TLS\? set tls on both sides/,
  );
  const [line] = bare.listening.lines.filter(({ reason }) => reason === 'tls');
  t.regex(String(line?.['detail']), /the other side speaks no TLS/);
});

test('wrong-reason: a certificate that has expired and is in use is not called a new one', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1'], -1);
  const sender = await certificates.issue('sender');
  const stale = await hop(t, { tls: { ...receiver, ...LISTEN }, ...PATIENT }, { tls: sender });
  await saysProblem(stale, /has expired: renew it there \(CERT_HAS_EXPIRED\)$/);
  await until('it was looked at again', () => stale.listening.outcome('accepted') > 2, {
    withinMs: 30_000,
  });
  t.deepEqual(
    stale.listening.lines.filter(({ msg }) => /not used|stays?\b/.test(msg)),
    [],
  );
  await certificates.issue('receiver', ['127.0.0.1']);
  await stale.send('late\n');
  await stale.listening.delivers('late\n');
});

test('two authorities in one file: the links go over from the old to the new, one side after the other', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const sender = await certificates.issue('sender');
  const { listening, send } = await hop(t, { tls: { ...receiver, ...LISTEN }, ...PATIENT }, { tls: sender });
  await send('one\n');
  await listening.delivers('one\n');
  // the same name and another key, as anybody makes it who makes it again
  const successor = await createAuthority('test', 100);
  const both = `${certificates.authority.certificate}${successor.certificate}`;
  await writeFile(receiver.caFile, both);
  const used = () =>
    listening.lines.filter(({ msg }) => msg === 'a new certificate is used from now on').length;
  await until('both are trusted', () => used() >= 1);
  const by = { by: 'address', address: listening.source.address } as const;
  const old = await hop(t, {}, { tls: sender, to: by, name: 'old' });
  const files = await certificates.issue('renewed');
  const renewed = await issue(successor, { name: 'sender', addresses: [] }, 60);
  await writeFile(files.keyFile, renewed.key);
  await writeFile(files.certFile, renewed.certificate);
  const young = await hop(t, {}, { tls: files, to: by, name: 'young' });
  await old.send('two\n');
  await listening.delivers('one\ntwo\n');
  await young.send('three\n');
  await listening.delivers('one\ntwo\nthree\n');
  await writeFile(receiver.caFile, successor.certificate);
  await until('only the new one is trusted', () => used() >= 2, {
    withinMs: 30_000,
    show: () => JSON.stringify(listening.lines.slice(-5)),
  });
  const tooLate = await hop(t, {}, { tls: { ...sender, caFile: receiver.caFile }, to: by, name: 'too late' });
  await saysProblem(tooLate, /of an authority that is not in caFile/);
  await send('four\n');
  await listening.delivers('one\ntwo\nthree\nfour\n');
});

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
const withIPv6 = hasIPv6 ? test : test.skip; // a machine without it has no ::1
withIPv6('certificates are for IPv6 addresses, too', async (t) => {
  const certificates = await Certificates.create(t);
  const tls = { ...(await certificates.issue('receiver', ['::1'])), ...LISTEN };
  const sender = await certificates.issue('sender');
  const { listening, send } = await hop(
    t,
    { tls, ...PATIENT, address: { host: '::1', port: 0 } },
    { tls: sender },
  );
  await send('six\n');
  await listening.delivers('six\n');
});
