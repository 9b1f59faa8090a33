import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CHAIN_MARKER } from '../../../bench/chain/layout.ts';
import { whyNoMounts } from '../../../bench/chain/mounts.ts';
import { allPids, readEnvironment } from '../../../bench/chain/procfs.ts';
import type { Result } from '../../../bench/result.ts';

// Whole runs of real agents with real faults, small: what is tested is the rig.

const root = join(import.meta.dirname, '../../..');

interface Ended {
  readonly code: number;
  readonly said: string;
  readonly dir: string;
  /** null: the bench ended without one. */
  readonly result: Result | null;
}

async function run(t: ExecutionContext, rest: string): Promise<Ended> {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-faults-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'scenario.yaml');
  writeFileSync(file, `name: small\ndescription: small\ndurability: os\n${rest}`);
  const out = join(dir, 'out');
  const args = ['run', file, '--out', out, '--dir', dir];
  const bench = spawn(process.execPath, [join(root, 'bench/main.ts'), ...args]);
  t.teardown(() => bench.kill('SIGTERM'));
  let said = '';
  for (const stream of [bench.stdout, bench.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += String(chunk)));
  }
  const [code] = (await once(bench, 'close')) as [number];
  const path = join(out, 'result.json');
  const result = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Result) : null;
  return { code, said, dir, result };
}

/** Processes of a run whose data lies below `dir`. */
async function left(dir: string): Promise<number> {
  const environments = await Promise.all((await allPids()).map((pid) => readEnvironment(pid)));
  return environments.filter((env) => env?.has(CHAIN_MARKER) && env.get('SPILLWAY_DATA')?.startsWith(dir))
    .length;
}

const LOAD =
  'generator: { rate: 10k/s, duration: 6s, scheduleLagMax: 3s }\nchain: { instances: 2, fanOut: 1 }\n';

test.serial('kills, a pause and a cut link happen, are recorded, survived and taken back', async (t) => {
  const { code, said, dir, result } = await run(
    t,
    `${LOAD}steps:
  - { at: 1s, do: kill, target: instance1, lasts: 0s }
  - { at: 1s, do: cut, target: instance2 -> a, lasts: 1s }
  - { at: 3s, do: pause, target: a, lasts: 500ms }
  - { at: 4s, do: stop, target: instance2 }
`,
  );
  t.is(code, 0, said);
  t.deepEqual(result?.events.map(({ text }) => text.replace(/ \(.*/, '')).sort(), [
    'cut instance2 -> a at 1 s for 1 s',
    'heal instance2 -> a',
    'instance2: started again at the end',
    'kill instance1 at 1 s for 0 s',
    'pause a at 3 s for 0.5 s',
    'resume a',
    'stop instance2 at 4 s',
  ]);
  t.is(result?.destinations[0]?.delivered, 60_000);
  t.is(result?.conservation.state, 'closed');
  t.is(await left(dir), 0);
});

test.serial('a fault that cannot happen makes the run invalid, and says which', async (t) => {
  const { code, result } = await run(
    t,
    `${LOAD.replace('6s', '3s')}steps:
  - { at: 500ms, do: stop, target: a }
  - { at: 1s, do: start, target: instance1 }
  - { at: 1s, do: wipe, target: instance1 }
  - { at: 1s, do: damage, target: instance2, what: segment, how: flip }
  - { at: 2s, do: cut, target: instance2 -> a }
`,
  );
  t.is(code, 1);
  t.is(result?.verdict, 'invalid');
  // Faults of different targets at one time happen in any order.
  t.deepEqual(result?.failures.toSorted(), [
    'no connection of instance2 -> a was affected by its faults',
    "step 'cut instance2 -> a at 2 s' failed: no connection stands on instance2 -> a",
    "step 'damage instance2 at 1 s' failed: instance2 is up: stop it first",
    "step 'start instance1 at 1 s' failed: instance1 is up already",
    "step 'wipe instance1 at 1 s' failed: instance1 is up",
  ]);
});

test.serial('a disk is filled and freed, or it is said why not', async (t) => {
  const scenario = `${LOAD}disks:\n  - { target: instance2, size: 64MiB }
log: { reserve: 1MiB, keep: 4MiB, segment: 4MiB }
steps:
  - { at: 2s, do: fill, target: instance2, lasts: 1s }
`;
  const { code, said, dir, result } = await run(t, scenario);
  if ((await whyNoMounts()) !== null) {
    t.is(code, 1);
    t.regex(said, /bench: not run: small filesystems cannot be mounted here/);
    return;
  }
  t.is(code, 0, said);
  t.regex(result?.events[0]?.text ?? '', /^fill instance2 at 2 s for 1 s \(\d{8} bytes of ballast\)$/);
  t.false((await readFile('/proc/self/mounts', 'utf8')).includes(dir), 'unmounted');
});

test.serial(
  'verified live: the verdict is whole, although most files are gone when the run ends',
  async (t) => {
    const { code, said, result } = await run(
      t,
      `verify: live
generator: { rate: 20k/s, duration: 5s, scheduleLagMax: 3s }
chain: { instances: 1, fanOut: 1 }
log: { cap: 64MiB, keep: 4MiB, segment: 1MiB }
steps:
  - { at: 2s, do: kill, target: a, lasts: 0s }
`,
    );
    t.is(code, 0, said);
    const [a] = result?.destinations ?? [];
    t.like(a, { delivered: 100_000, expected: 100_000 });
    t.true((a?.files ?? 0) > 5);
  },
);

test.serial(
  'a cluster is one destination: a member dies and returns, another joins, nothing is lost',
  async (t) => {
    const { code, said, dir, result } = await run(
      t,
      `generator: { rate: 10k/s, duration: 7s, scheduleLagMax: 3s }
chain: { instances: 1, cluster: { members: 2, standby: 1 } }
steps:
  - { at: 1s, do: kill, target: a2, lasts: 1s }
  - { at: 2s, do: join, target: a3 }
asserts: { lost: 0, duplicated: counted, reordered: any }
`,
    );
    t.is(code, 0, said);
    const [destination, ...more] = result?.destinations ?? [];
    t.like(destination, { name: 'a', delivered: 70_000 });
    t.is(more.length, 0);
    const members = destination?.members ?? [];
    t.deepEqual(
      members.map(({ name }) => name),
      ['a1', 'a2', 'a3'],
    );
    t.true(
      members.every(({ events }) => events > 0),
      JSON.stringify(members),
    );
    const together = members.reduce((sum, { events }) => sum + events, 0);
    t.is(together, 70_000 + (destination?.duplicated.events ?? 0));
    t.is(result?.conservation.state, 'closed');
    const shared = result?.conservation.equations.find(({ where, text }) => {
      return where === 'instance1 -> a' && /appended by the members/.test(text);
    });
    t.is(shared?.right, together);
    t.true(result?.series.backlogBytes.some(({ name }) => name === 'a'));
    t.is(await left(dir), 0);
  },
);
