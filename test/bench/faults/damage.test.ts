import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type DamageStep, damage } from '../../../bench/faults/damage.ts';
import { seededRandom } from '../../../bench/generator/random.ts';

const BYTES = Buffer.alloc(2000, 'event\n');

function log(t: ExecutionContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-damage-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'journal'));
  for (const name of ['1.log', '2.log', '3.log', 'journal/1.journal']) writeFileSync(join(dir, name), BYTES);
  writeFileSync(join(dir, '4.log'), '');
  return dir;
}

function step(changes: Partial<DamageStep>): DamageStep {
  return {
    at: 0,
    do: 'damage',
    target: 'a',
    what: 'segment',
    how: 'flip',
    places: 1,
    file: 'random',
    ...changes,
  };
}

function changed(dir: string): string[] {
  const there = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  const files = ['1.log', '2.log', '3.log', 'journal/1.journal'];
  return files.filter((name) => !there.includes(name) || !readFileSync(join(dir, name)).equals(BYTES));
}

test('the same seed does the same damage and says the same', async (t) => {
  const [one, two] = [log(t), log(t)];
  const said = await damage(one, step({ places: 5 }), seededRandom(3));
  t.deepEqual(await damage(two, step({ places: 5 }), seededRandom(3)), said);
  for (const name of ['1.log', '2.log', '3.log'])
    t.deepEqual(readFileSync(join(one, name)), readFileSync(join(two, name)));
  t.is(said.length, 5);
});

test('flip changes the one bit it names', async (t) => {
  const dir = log(t);
  const [said = ''] = await damage(dir, step({ file: 'last' }), seededRandom(1));
  const [, bit, at] = /^3\.log: bit (\d) of byte (\d+) flipped$/.exec(said) ?? [];
  const now = readFileSync(join(dir, '3.log'));
  now.writeUInt8(now.readUInt8(Number(at)) ^ (1 << Number(bit)), Number(at));
  t.deepEqual(now, BYTES);
  t.deepEqual(changed(dir), ['3.log']);
});

for (const [how, size] of [
  ['truncate', 'less'],
  ['zero', 'same'],
  ['garbage', 'same'],
] as const) {
  test(`${how} of a journal leaves the segments alone`, async (t) => {
    const dir = log(t);
    await damage(dir, step({ what: 'journal', how }), seededRandom(2));
    t.deepEqual(changed(dir), ['journal/1.journal']);
    const { length } = readFileSync(join(dir, 'journal/1.journal'));
    t.is(length < BYTES.length, size === 'less');
  });
}

test('remove takes each file once, never an empty one', async (t) => {
  const dir = log(t);
  const said = await damage(dir, step({ how: 'remove', places: 3 }), seededRandom(2));
  t.is(new Set(said).size, 3);
  t.deepEqual(changed(dir), ['1.log', '2.log', '3.log']);
  await t.throwsAsync(damage(dir, step({}), seededRandom(1)), { message: /^no segment with anything in it/ });
});
