// `npm run certs` as a user runs it, and what OpenSSL (through node:crypto) thinks of the result.

import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
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
