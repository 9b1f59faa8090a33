// dump prints the events of a range byte for byte, and nothing that does not check out.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { randomFrom } from '../source/random.ts';
import { agent, baseOf, example, flip, MAIN, type Written } from './written-log.ts';

const bytesOf = (written: readonly Written[]) => Buffer.concat(written.map(({ bytes }) => bytes));

/** The whole events of a text that begin in [from, to). */
function between(text: Buffer, from: number, to: number): Buffer {
  const startOf = (offset: number) => (offset <= 0 ? 0 : text.indexOf('\n', offset - 1) + 1);
  return text.subarray(startOf(from), to >= text.length ? text.length : startOf(to));
}

test('all of a log, and ranges of it, wherever they begin and end', async (t) => {
  const { dir, written } = await example(t);
  const all = bytesOf(written);
  const whole = await agent('dump', dir);
  t.is(whole.status, 0);
  t.is(whole.stderr, '');
  t.true(whole.stdout.equals(all));
  const random = randomFrom(5);
  const places = [0, 1, written[7]?.from ?? 0, (written[7]?.from ?? 0) + 1, all.length - 1];
  for (let round = 0; round < 6; round++) {
    const from = places[round] ?? Math.floor(random() * all.length);
    const to = from + Math.floor(random() * 20_000);
    const { stdout } = await agent('dump', dir, '--from', String(from), '--to', String(to));
    t.true(stdout.equals(between(all, from, to)), `[${from}, ${to})`);
  }
});

test('a number of events, one source, a range of times', async (t) => {
  const { dir, written } = await example(t);
  const first = await agent('dump', dir, '--events', '57', '--from', '1');
  const lines = bytesOf(written).toString().split('\n');
  t.is(first.stdout.toString(), `${lines.slice(1, 58).join('\n')}\n`);
  const hop = await agent('dump', dir, '--source', 'hop');
  t.true(hop.stdout.equals(bytesOf(written.filter(({ owner }) => owner === 'hop'))));
  const [from, to] = [written[11], written[20]].map((batch) => new Date(batch?.timeMs ?? 0).toISOString());
  const timed = await agent('dump', dir, '--from', from ?? '', '--to', to ?? '');
  t.true(timed.stdout.equals(bytesOf(written.slice(11, 20))));
});

test('dump-of-nothing: a source that the log has not and a range backwards are refused', async (t) => {
  const { dir } = await example(t);
  const nobody = await agent('dump', dir, '--source', 'nope');
  t.is(nobody.status, 2);
  t.regex(nobody.stderr, /the log has no source "nope", expected one of hop, spool/);
  const backwards = await agent('dump', dir, '--from', '50', '--to', '10');
  t.is(backwards.status, 2);
  t.regex(backwards.stderr, /--from 50 lies behind --to 10/);
});

test('headers say what the batches are, as lines or as JSON', async (t) => {
  const { dir, written } = await example(t);
  const [batch] = written;
  if (batch === undefined) throw new Error('nothing written');
  const { stdout } = await agent('dump', dir, '--to', '1', '--headers');
  const [header = '', ...rest] = stdout.toString().split('\n');
  t.regex(header, /^# \[0, \d+\) 40 events, [\d,]+ bytes, source hop, 2026-01-01T00:00:01.000Z$/);
  t.is(rest[0], batch.bytes.toString().split('\n')[0]);
  const json = await agent('dump', dir, '--json');
  const headers = json.stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { from: number });
  t.deepEqual(
    headers.map(({ from }) => from),
    written.map(({ from }) => from),
  );
});

test('what is damaged or gone is left out and told, with its count', async (t) => {
  const { dir, written, names } = await example(t);
  const [first = '', second = '', third = ''] = names;
  const victim = written[3];
  if (victim === undefined) throw new Error('no batch');
  await flip(join(dir, first), victim.from + 7);
  await rm(join(dir, second));
  const { status, stdout, stderr } = await agent('dump', dir);
  t.is(status, 1);
  const left = written.filter(
    (batch) => batch !== victim && !(batch.from >= baseOf(second) && batch.from < baseOf(third)),
  );
  t.true(stdout.equals(bytesOf(left)));
  t.regex(
    stderr,
    new RegExp(`\\[${victim.from}, \\d+\\) is left out, ${victim.events} events: the bytes are not`),
  );
  t.regex(stderr, /the segment is gone/);
});

test('a reader that has seen enough ends it quietly', async (t) => {
  const { dir } = await example(t);
  const child = spawn(process.execPath, [MAIN, 'dump', dir], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [status] = (await once(child, 'close')) as [number | null];
  t.is(status, 0);
  t.is(errors, '');
});

test('what cannot be understood is named', async (t) => {
  const { dir } = await example(t);
  for (const args of [
    ['--from', 'yesterday'],
    ['--to', '-3'],
    ['--events', 'many'],
    ['--from', '2026-13-45'],
  ]) {
    const { status, stderr } = await agent('dump', dir, ...args);
    t.is(status, 2, args.join(' '));
    t.regex(stderr, new RegExp(args[0] ?? ''));
  }
});
