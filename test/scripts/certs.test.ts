// `npm run certs` as a user runs it, and what OpenSSL (through node:crypto) thinks of the result.

import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';

const MAIN = join(import.meta.dirname, '../../scripts/certs.ts');

interface Ran {
  readonly code: unknown;
  readonly out: string;
  readonly err: string;
}

function certs(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    );
  });
}

async function directory(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-certs-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'certs');
}

const parse = async (dir: string, name: string) =>
  new X509Certificate(await readFile(join(dir, `${name}.crt`)));

test('an authority issues certificates for many names at once, renews and lists them', async (t) => {
  const dir = await directory(t);
  t.is((await certs('create', '--dir', dir)).code, 0);
  const issued = await certs('issue', 'instance1=127.0.0.2,one.example', 'instance_2=::1', 'c', '--dir', dir);
  t.is(issued.code, 0, issued.err);
  t.is(issued.out.trim().split('\n').length, 3);
  const ca = await parse(dir, 'ca');
  const one = await parse(dir, 'instance1');
  t.true(ca.ca);
  t.false(one.ca);
  t.true(one.verify(ca.publicKey));
  t.true(one.checkIssued(ca));
  t.is(one.subject, 'CN=instance1');
  t.is(one.subjectAltName, 'DNS:instance1, IP Address:127.0.0.2, DNS:one.example');
  for (const file of (await readdir(dir)).filter((name) => name.endsWith('.key'))) {
    t.is((await stat(join(dir, file))).mode & 0o777, 0o600, file);
  }
  const keyBefore = await readFile(join(dir, 'instance1.key'), 'utf8');
  t.is((await certs('renew', 'instance1', '--days', '10', '--dir', dir)).code, 0);
  const renewed = await parse(dir, 'instance1');
  t.is(renewed.subjectAltName, one.subjectAltName);
  t.not(renewed.serialNumber, one.serialNumber);
  t.not(await readFile(join(dir, 'instance1.key'), 'utf8'), keyBefore);
  t.true(renewed.verify(ca.publicKey));
  const listed = await certs('list', '--dir', dir);
  t.regex(listed.out, /^ca {2}.*\ninstance|^ca .*\nc /);
  t.regex(listed.out, /instance1 .* (9|10) days left, renew it {2}127\.0\.0\.2 one\.example/);
});

test('an authority is never overwritten, nor is a certificate by issue', async (t) => {
  const dir = await directory(t);
  await certs('create', '--dir', dir);
  const key = await readFile(join(dir, 'ca.key'), 'utf8');
  const again = await certs('create', '--dir', dir);
  t.is(again.code, 1);
  t.regex(again.err, /^certs: there is an authority in .* already and it is never overwritten/);
  await rm(join(dir, 'ca.crt'));
  t.is((await certs('create', '--dir', dir)).code, 1);
  t.is(await readFile(join(dir, 'ca.key'), 'utf8'), key);
  const broken = await certs('issue', 'a', '--dir', dir);
  t.is(broken.code, 1);
  t.regex(broken.err, /ca\.crt/);
});

test('what cannot be done is said in a line, and nothing is written', async (t) => {
  const dir = await directory(t);
  const none = await certs('issue', 'a', '--dir', dir);
  t.deepEqual([none.code, none.out], [1, '']);
  t.is(none.err, `certs: there is no directory ${dir}: certs create makes it\n`);
  await certs('create', '--dir', dir, '--days', '5');
  const long = await certs('issue', 'a', '--dir', dir);
  t.is(long.code, 1);
  t.regex(long.err, /ends at .* before 365 days are over: use fewer --days/);
  await certs('issue', 'a', '--days', '1', '--dir', dir);
  const there = await certs('issue', 'b', 'a', '--days', '1', '--dir', dir);
  t.is(there.code, 1);
  t.regex(there.err, /a\.crt exists already: certs renew a replaces it/);
  t.false((await readdir(dir)).includes('b.crt'), 'all or nothing');
  t.is((await certs('renew', 'x', '--days', '1', '--dir', dir)).code, 1);
});

test('careless-renew: nothing is renewed where one of the names cannot be, and no authority ever is', async (t) => {
  const dir = await directory(t);
  await certs('create', '--dir', dir);
  await certs('issue', 'a', 'b', '--dir', dir);
  const before = await readFile(join(dir, 'a.crt'), 'utf8');
  const unknown = await certs('renew', 'a', 'c', '--dir', dir);
  t.is(unknown.code, 1);
  t.regex(
    unknown.err,
    /^certs: there is no .*c\.crt to renew \(there are a, b\): certs issue c makes a first one\n$/,
  );
  t.is(await readFile(join(dir, 'a.crt'), 'utf8'), before);
  // an old authority that was kept beside the new one
  const ca = await readFile(join(dir, 'ca.crt'), 'utf8');
  await writeFile(join(dir, 'both.crt'), ca);
  const all = await certs('renew', '--dir', dir);
  t.is(all.code, 0, all.err);
  t.is(all.out.trim().split('\n').length, 2);
  t.is(await readFile(join(dir, 'both.crt'), 'utf8'), ca);
  t.not(await readFile(join(dir, 'a.crt'), 'utf8'), before);
  t.regex((await certs('renew', 'both', '--dir', dir)).err, /is the certificate of an authority/);
  t.is((await certs('renew', 'ca', '--dir', dir)).code, 2);
});

test('key-overwritten: a key without its certificate is not replaced by issue', async (t) => {
  const dir = await directory(t);
  await certs('create', '--dir', dir);
  await writeFile(join(dir, 'a.key'), 'precious');
  const issued = await certs('issue', 'a', '--dir', dir);
  t.is(issued.code, 1);
  t.regex(issued.err, /a\.key exists already, without its certificate: move it away first/);
  t.is(await readFile(join(dir, 'a.key'), 'utf8'), 'precious');
});

test('half an authority, and a key that is not its own: each way out is one that works', async (t) => {
  const dir = await directory(t);
  await certs('create', '--dir', dir);
  const other = `${dir}2`;
  await certs('create', '--dir', other);
  await rename(join(dir, 'ca.crt'), join(dir, 'elsewhere'));
  t.regex((await certs('create', '--dir', dir)).err, /of which .*ca\.crt is missing: put it back/);
  t.regex((await certs('issue', 'a', '--dir', dir)).err, /cannot read .*ca\.crt .*: put it back, or create/);
  await rename(join(other, 'ca.crt'), join(dir, 'ca.crt'));
  const foreign = await certs('issue', 'a', '--dir', dir);
  t.regex(foreign.err, /ca\.key is not the key of .*ca\.crt: what it signs nobody would believe/);
  t.false((await readdir(dir)).includes('a.crt'));
});

test('one bad file does not hide the others; open keys and missing ones are said', async (t) => {
  const dir = await directory(t);
  await certs('create', '--dir', dir);
  await certs('issue', 'a=[::1],127.0.0.1', 'b', '--dir', dir);
  await writeFile(join(dir, 'broken.crt'), 'hello');
  await chmod(join(dir, 'a.key'), 0o644);
  await rm(join(dir, 'b.key'));
  const { code, out } = await certs('list', '--dir', dir);
  t.is(code, 0);
  const [, a, b, broken] = out.trim().split('\n');
  t.regex(a ?? '', /^a .* 0:0:0:0:0:0:0:1 127\.0\.0\.1 .*a\.key CAN BE READ BY OTHERS: chmod 600 it$/);
  t.regex(b ?? '', /^b .*b\.key IS MISSING$/);
  t.regex(broken ?? '', /^broken .*there is no certificate in .*broken\.crt$/);
  t.is((await certs('renew', 'a', '--dir', dir)).code, 0);
  t.is((await stat(join(dir, 'a.key'))).mode & 0o777, 0o600);
  t.is((await parse(dir, 'a')).subjectAltName, 'DNS:a, IP Address:0:0:0:0:0:0:0:1, IP Address:127.0.0.1');
});

test('what the system refuses is said in words', async (t) => {
  const dir = await directory(t);
  await writeFile(dir, 'a file');
  for (const args of [['create'], ['issue', 'a'], ['list'], ['renew']]) {
    const { code, err } = await certs(...args, '--dir', dir);
    t.is(code, 1, args.join(' '));
    t.regex(err, /^certs: cannot (make|read) the directory .*: .*\(E[A-Z]+\)\n$/);
  }
});

test('bad usage has status 2', async (t) => {
  const wrong = [
    [],
    ['fly'],
    ['issue'],
    ['issue', '../a'],
    ['issue', 'ca'],
    ['issue', 'a', 'a'],
    ['issue', 'a=b c'],
    ['create', 'x'],
    ['renew', 'ca'],
    ['list', '--days', 'soon'],
    ['list', '--bogus'],
    ['list', '--days', '3'],
    ['issue', 'a', '--name', 'x'],
    ['issue', 'CA'],
    ['issue', 'a=10.0.0.1:4100'],
    ['issue', 'a=10.0.0.256'],
    ['issue', 'a=fe80::1%eth0'],
    ['issue', 'a', '--days', '1e2'],
    ['renew', 'a', 'a'],
    ['create', '--name', ''],
    ['create', '--dir'],
  ];
  const dir = await directory(t);
  await certs('create', '--dir', dir);
  const results = await Promise.all(
    wrong.map((args) => certs(...args, ...(args.length > 0 ? ['--dir', dir] : []))),
  );
  t.deepEqual(
    results.map(({ code }) => code),
    wrong.map(() => 2),
  );
  for (const { err } of results) t.false(err.includes('    at '), err);
});
