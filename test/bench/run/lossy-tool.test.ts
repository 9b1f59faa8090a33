// The rig against a tool that spoils events on purpose: each flaw is found, counted to the event, and fails the run.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Result } from '../../../bench/result.ts';
import { place } from '../lossy/bench.ts';
import { EVERY, OUTAGE_LINES, TAIL_LINES } from '../lossy/flaws.ts';

interface Ran {
  readonly code: number;
  readonly said: string;
  readonly result: Result;
  readonly report: string;
  readonly stray: string;
}

async function run(t: ExecutionContext, tool: string, scenario: string): Promise<Ran> {
  t.timeout(BUSY_MS);
  const { bench, dir, out, stray, write } = place(t);
  const file = write('scenario.yaml', `name: small\ndescription: a small run\ndurability: os\n${scenario}`);
  const { code, said } = await bench('run', file, '--tool', tool, '--out', out, '--dir', dir);
  const read = (name: string) => readFileSync(join(out, name), 'utf8');
  return {
    code,
    said,
    result: JSON.parse(read('result.json')) as Result,
    report: read('report.html'),
    stray,
  };
}

/** On a machine that does something else, too. */
const BUSY_MS = 240_000;
const EVENTS = 15_000;
const HITS = EVENTS / EVERY;
/** By destination: lost, duplicated, reordered, torn, foreign. */
const DAMAGE: Readonly<Record<string, readonly number[]>> = {
  a: [HITS, 0, 0, 0, 0],
  b: [0, HITS, 0, 0, 0],
  c: [0, 0, HITS, 0, 0],
  d: [HITS, 0, 0, 2 * HITS, 0],
  e: [HITS, 0, 0, HITS, 0],
  f: [0, 0, 0, 0, HITS],
  g: [TAIL_LINES, 0, 0, 0, 0],
  h: [OUTAGE_LINES, 0, 0, 0, 0],
};

test.serial('each kind of damage is counted to the event, at the destination that it befell', async (t) => {
  const { code, result, report } = await run(
    t,
    'lossy:damage',
    `
chain: { instances: 1, fanOut: 8 }
generator: { rate: 5k/s, duration: 3s }
limits: { noProgress: 2s }
steps:
  - { at: 800ms, do: stop, target: h, lasts: 600ms }
`,
  );
  t.is(code, 1);
  t.is(result.verdict, 'fail', result.failures.join('\n'));
  const found = Object.fromEntries(
    result.destinations.map(({ name, lost, duplicated, reordered, torn, foreign }) => [
      name,
      [lost.events, duplicated.events, reordered.events, torn, foreign],
    ]),
  );
  t.deepEqual(found, DAMAGE);
  for (const text of ['a: 15 lost', 'b: 15 duplicated', 'c: 15 reordered', 'd: 30 torn', 'f: 15 foreign'])
    t.true(
      result.failures.some((failure) => failure.startsWith(text)),
      text,
    );
  t.is(result.conservation.state, 'open');
  t.regex(report, /a: 15 lost, expected at most 0/);
});

test.serial(
  'bad manners fail a run without a lost event; what a tool says of itself is only shown',
  async (t) => {
    const { code, result, stray } = await run(
      t,
      'lossy:manners',
      `
chain: { instances: 1, fanOut: 4 }
generator: { rate: 5k/s, duration: 2s }
limits: { noProgress: 1s, stop: 1s }
asserts: { lost: any, conservation: any }
`,
    );
    t.is(code, 1);
    t.is(result.verdict, 'fail', result.failures.join('\n'));
    const failed = (text: string) => result.failures.some((failure) => failure.startsWith(text));
    t.true(failed('b/receive did not end on SIGTERM and was killed'), 'deaf to SIGTERM');
    t.true(failed(`a/receive writes outside its folder: ${stray}`), 'writes outside its folder');
    t.true(failed('not every destination had all bytes before the wait for them ended'), 'too late');
    const lost = Object.fromEntries(result.destinations.map((each) => [each.name, each.lost.events]));
    t.deepEqual(lost, { a: 0, b: 0, c: 0, d: 10_000 }, 'd was claimed, and never sent to');
    const seconds = (name: string) =>
      result.processes.find((process) => process.name === name)?.cpuSeconds ?? Number.NaN;
    const [eater, sibling] = [seconds('a/receive'), seconds('b/receive')];
    t.true(
      eater > sibling + 0.2,
      `a child's processor time is its parent's: ${eater} s, without one ${sibling} s`,
    );
    t.true(
      result.notes.some((note) => /^a says that it received 1000000 events, which disagrees with/.test(note)),
      result.notes.join('\n'),
    );
  },
);

test.serial('a tool that ends at start has failed: the rig is whole, and says what it saw', async (t) => {
  const { code, result, report } = await run(
    t,
    'lossy:silent',
    'chain: { instances: 1, fanOut: 1 }\ngenerator: { rate: 5k/s, duration: 2s }\n',
  );
  t.is(code, 1);
  t.is(result.verdict, 'fail');
  t.regex(result.failures[0] ?? '', /^a\/receive ended at start/);
  t.is(result.sent, 0);
  t.regex(report, /ended at start/);
});

test.serial('a tool that ends again and again has lost everything, and says so once', async (t) => {
  const { result } = await run(
    t,
    'lossy:vanishes',
    `
chain: { instances: 1, fanOut: 1 }
generator: { rate: 2k/s, duration: 2s }
limits: { noProgress: 1s }
steps:
  - { at: 900ms, do: kill, target: instance1, lasts: 100ms }
`,
  );
  t.is(result.verdict, 'fail', result.failures.join('\n'));
  t.is(result.destinations[0]?.lost.events, 4000);
  const ends = result.failures.filter((failure) => failure.includes('instance1/send ended by itself'));
  t.is(ends.length, 1);
  t.regex(ends[0] ?? '', /^\d+ times: instance1\/send ended by itself with status 0/);
});

test.serial('without a flaw the same tool passes', async (t) => {
  const { code, result } = await run(
    t,
    'lossy:honest',
    'chain: { instances: 2, fanOut: 1 }\ngenerator: { rate: 5k/s, duration: 2s }\n',
  );
  t.is(code, 0, result.failures.join('\n'));
  t.is(result.verdict, 'pass');
  const rig = result.processes.filter(({ group }) => group === 'rig').map(({ name }) => name);
  t.deepEqual(rig.sort(), ['bench', 'generator', 'observer'], "what the rig costs is not the tool's");
});
