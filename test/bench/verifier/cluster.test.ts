// A cluster's members are judged as one destination: lost and doubled by set over all their files, order within each;
// and keys by member.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { KeySpec } from '../../../bench/verifier/keys.ts';
import { joinArrivals } from '../../../bench/verifier/latency.ts';
import { verify } from '../../../bench/verifier/verify.ts';
import { found, type Sent, START_MS, sent, temporaryDirectory } from './bed.ts';

/** Writes each member's lines as its one event file, all of them under the same name. */
async function memberFiles(t: ExecutionContext, members: Readonly<Record<string, readonly string[]>>) {
  const dir = await temporaryDirectory(t);
  return Promise.all(
    Object.entries(members).map(async ([member, lines]) => {
      await mkdir(join(dir, member));
      const path = join(dir, member, '00000000000000000000.log');
      await writeFile(path, lines.join(''), 'latin1');
      return { path, member };
    }),
  );
}

async function judged(
  t: ExecutionContext,
  { manifest }: Sent,
  members: Readonly<Record<string, readonly string[]>>,
  keys?: KeySpec,
) {
  const eventFiles = await memberFiles(t, members);
  return verify({ name: 'a', manifests: [manifest], eventFiles, ...(keys && { keys }) });
}

test('what is shared by three is whole, in order, and counted by member', async (t) => {
  const all = await sent(900);
  const part = (index: number) => all.lines.filter((_, n) => Math.floor(n / 50) % 3 === index);
  const verdict = await judged(t, all, { a1: part(0), a2: part(1), a3: part(2) });
  t.deepEqual(found(verdict), { delivered: 900 });
  t.deepEqual(verdict.members, [
    { name: 'a1', events: 300 },
    { name: 'a2', events: 300 },
    { name: 'a3', events: 300 },
  ]);
  t.is(verdict.keys, undefined);
});

test('lost: at no member; doubled: at two; reordered: at one', async (t) => {
  const all = await sent(100);
  const { lines } = all;
  const verdict = await judged(t, all, {
    a1: [...lines.slice(0, 20), ...lines.slice(40, 50), ...lines.slice(30, 40)],
    a2: [...lines.slice(15, 25), ...lines.slice(50, 90)],
  });
  t.deepEqual(found(verdict), {
    delivered: 85,
    lost: '25-29 90-99',
    duplicated: '15-19',
    reordered: '30-39',
  });
  t.deepEqual(verdict.members, [
    { name: 'a1', events: 40 },
    { name: 'a2', events: 50 },
  ]);
});

test('arrivals of members whose files have the same names are told apart', async (t) => {
  const all = await sent(20);
  const { lines, manifest } = all;
  const eventFiles = await memberFiles(t, { a1: lines.slice(0, 10), a2: lines.slice(10) });
  const arrived = (timeMs: number) => ({
    files: ['00000000000000000000.log'],
    arrivals: [{ timeMs, file: 0, size: 1e6 }],
    pollMs: { p50: 1, p99: 2, max: 3 },
  });
  const arrivals = joinArrivals([
    { member: 'a1', log: arrived(START_MS + 100) },
    { member: 'a2', log: arrived(START_MS + 700) },
  ]);
  const verdict = await verify({ name: 'a', manifests: [manifest], eventFiles, arrivals });
  t.is(verdict.latencyMs?.count, 20);
  t.is(verdict.firstArrivalMs, START_MS + 100);
  t.is(verdict.lastArrivalMs, START_MS + 700);
});

const keyOf = (line: string) => line.slice(0, line.indexOf(' '));
const hostOf = (line: string) => /,host=([^, ]*)/.exec(line)?.[1] ?? '';

test('keys: how many stand at which members, and which events stand behind a later one of their key', async (t) => {
  const all = await sent(5_000);
  const byName = new Map<string, string[]>();
  for (const line of all.lines) byName.set(keyOf(line), [...(byName.get(keyOf(line)) ?? []), line]);
  const keys = [...byName.keys()];
  const split = keys.find((key) => (byName.get(key)?.length ?? 0) > 1) ?? '';
  const [first = '', ...rest] = byName.get(split) ?? [];
  const at = (parity: number) =>
    all.lines.filter((line) => keyOf(line) !== split && keys.indexOf(keyOf(line)) % 2 === parity);
  const even = keys.filter((key, index) => key !== split && index % 2 === 0).length;
  const verdict = await judged(
    t,
    all,
    { a1: [...at(0), first], a2: [...at(1), ...rest] },
    { format: 'influx' },
  );
  t.like(verdict.keys, {
    keys: keys.length,
    at: { a1: even, a2: keys.length - even - 1, 'a1+a2': 1 },
    disordered: 0,
  });
  const swapped =
    [...byName.values()].find((lines) => lines.length > 1 && keyOf(lines[0] ?? '') !== split) ?? [];
  const disorder = await judged(
    t,
    all,
    { a1: [...swapped.toReversed(), ...all.lines.filter((line) => !swapped.includes(line))] },
    { format: 'influx' },
  );
  t.is(disorder.keys?.disordered, swapped.length - 1);
  t.regex(disorder.keys?.examples[0] ?? '', /^a1: event \d+ stands behind \d+ of the same key /);
});

for (const format of ['influx', 'graphite', 'json'] as const) {
  test(`keys by a field, from ${format}; what is no event has none`, async (t) => {
    const all = await sent(2_000, { content: { kind: 'synthetic', format } });
    const pattern = format === 'json' ? /"host":("[^"]*")/ : /[,;]host=([^,; ]*)/;
    const hosts = new Set(all.lines.map((line) => pattern.exec(line)?.[1]));
    t.true(hosts.size > 100 && !hosts.has(undefined));
    const verdict = await judged(
      t,
      all,
      { a1: [...all.lines, 'host=nobody 1 2\n', 'cpu,host=other v=1 17\n'] },
      { format, field: 'host' },
    );
    t.like(verdict.keys, { keys: hosts.size, at: { a1: hosts.size }, disordered: 0 });
  });
}

test('the key of the tests is that of the events', async (t) => {
  const { lines } = await sent(10);
  t.true(lines.every((line) => hostOf(line) !== '' && keyOf(line).includes(hostOf(line))));
});
