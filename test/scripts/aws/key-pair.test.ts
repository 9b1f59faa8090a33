// Keys as ssh-keygen makes them: their own public half, another one, and one behind a passphrase.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkPair } from '../../../scripts/aws/key-pair.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway keys '));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

function makeKey(name: string, passphrase = ''): { key: string; publicKey: string } {
  const key = join(folder, name);
  execFileSync('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    passphrase,
    '-C',
    `comment of ${name}`,
    '-f',
    key,
  ]);
  return { key, publicKey: readFileSync(`${key}.pub`, 'utf8') };
}

test('a pair is taken, whatever its comment', (t) => {
  const { key, publicKey } = makeKey('mine');
  t.notThrows(() => checkPair(key, publicKey.replace(/ comment.*/, ' another'), {}));
});

test('the public half of another key is noticed before machines are made', (t) => {
  const [{ key }, { publicKey }] = [makeKey('one'), makeKey('two')];
  t.throws(() => checkPair(key, publicKey, {}), { message: /is not the public half of .*ssh-keygen -y -f/ });
});

test('a passphrase that nobody can be asked for needs an agent', (t) => {
  const { key, publicKey } = makeKey('closed', 'secret');
  t.throws(() => checkPair(key, publicKey, {}), { message: /has a passphrase and no ssh-agent.*ssh-add/ });
  t.notThrows(() => checkPair(key, publicKey, { SSH_AUTH_SOCK: '/run/agent' }));
});

test('what ssh-keygen does not know is left to ssh', (t) => {
  t.notThrows(() => checkPair('/nowhere', 'ssh-ed25519 AAAA', {}));
});
