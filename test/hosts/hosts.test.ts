// ./create.sh hosts, a scenario with faults over the machines, and ./destroy.sh, for real: three namespaces with an
// sshd each. Where they cannot be made, the test says why.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Checkout } from '../scripts/checkout.ts';
import { Machines, PROJECT, whyNoMachines, writeHostsFile } from './machines.ts';

const CREATE_MS = 240_000;
const RUN_MS = 180_000;
const DESTROY_MS = 90_000;

const SCENARIO = `
name: kill-and-cut
description: an instance is killed, and a link is cut, between machines
chain: { instances: 2, fanOut: 1 }
generator: { rate: 600k/min, duration: 9s, scheduleLagMax: 10s }
steps:
  - { at: 2s, do: cut, target: instance2 -> a, lasts: 2s }
  - { at: 6s, do: kill, target: instance2, lasts: 1s }
asserts: { lost: 0, duplicated: 0, reordered: 0, torn: 0, foreign: 0, conservation: closed }
`;

const LIVE = `
name: live
description: judged while it goes on
chain: { instances: 2, fanOut: 1 }
generator: { rate: 600k/min, duration: 4s, scheduleLagMax: 10s }
verify: live
log: { segment: 1MiB }
asserts: { lost: 0, duplicated: 0, reordered: 0, torn: 0, foreign: 0, conservation: closed }
`;

const CLUSTER = `
name: cluster-of-two
description: a member of a cluster of machines is killed, a generator on a machine of its own
chain: { instances: 1, generators: 1, cluster: { members: 2 } }
generator: { rate: 600k/min, duration: 8s, scheduleLagMax: 10s }
steps:
  - { at: 2s, do: kill, target: a2, lasts: 2s }
  - { at: 5s, do: kill, target: load, lasts: 1s }
asserts: { lost: 0, duplicated: counted, reordered: any, torn: 0, foreign: 0, conservation: closed }
`;

/** All of the project but its own chains: a chain of machines is one checkout's. */
function checkout(t: ExecutionContext): string {
  const made = new Checkout(t);
  made.linkPackages();
  for (const folder of ['agent', 'bench', 'configs']) {
    cpSync(join(PROJECT, folder), join(made.root, folder), { recursive: true });
  }
  mkdirSync(join(made.root, '.tools'));
  for (const name of readdirSync(join(PROJECT, '.tools')).filter((entry) => !entry.endsWith('.lock'))) {
    symlinkSync(join(PROJECT, '.tools', name), join(made.root, '.tools', name));
  }
  return made.root;
}

interface Rig {
  readonly machines: Machines;
  /** Of a checkout that has nothing up yet. */
  readonly root: string;
  /** `bench run` over the machines; its exit status must be 0. */
  run(scenario: string, file: string): Promise<{ readonly text: string; readonly result: Outcome }>;
}

/** Of result.json, what the tests look at. */
interface Outcome {
  readonly verdict: string;
  readonly destinations: readonly {
    readonly name: string;
    readonly delivered: number;
    readonly members?: readonly { readonly name: string; readonly events: number }[];
    readonly latencyMs: { readonly clockBoundMs: number } | null;
  }[];
  readonly conservation: { readonly state: string };
  readonly hosts: readonly {
    readonly id: string;
    readonly role: string;
    readonly clock: { readonly offsetMs: number; readonly boundMs: number };
  }[];
  readonly hops: readonly { readonly name: string }[];
  readonly latencyMs: { readonly clockBoundMs: number } | null;
}

/** Anywhere on this machine, in its namespaces too. */
function isRunning(command: string): boolean {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ') === command;
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

/** null, and the test says why, where machines cannot be had. */
async function rigOf(t: ExecutionContext, count: number): Promise<Rig | null> {
  t.timeout(CREATE_MS + 2 * RUN_MS + DESTROY_MS);
  const why = await whyNoMachines();
  if (why !== null) {
    t.log(`not run: ${why}`);
    t.pass();
    return null;
  }
  const root = checkout(t);
  const machines = await Machines.start(t, count);
  t.log(`between the machines: ${machines.conditions}`);
  const run: Rig['run'] = async (scenario, file) => {
    const name = /^name: (.*)$/m.exec(scenario)?.[1] ?? '';
    const [path, out] = [join(machines.work, `${name}.yaml`), join(machines.work, name)];
    writeFileSync(path, scenario);
    const bench = ['bench/main.ts', 'run', path, '--chain', file, '--out', out, '--json'];
    const { code, text } = await machines.run(root, process.execPath, bench, RUN_MS);
    t.is(code, 0, text);
    return { text, result: JSON.parse(readFileSync(join(out, 'result.json'), 'utf8')) as Outcome };
  };
  return { machines, root, run };
}

test.serial('a chain on three machines: created, killed and cut under load, judged, destroyed', async (t) => {
  const rig = await rigOf(t, 3);
  if (rig === null) return;
  const { machines, root } = rig;
  const file = writeHostsFile(machines, ['instance1', 'instance2', 'a']);

  const created = await machines.run(root, './create.sh', ['hosts', file], CREATE_MS);
  t.is(created.code, 0, created.text);
  t.regex(created.text, /all instances have registered/);
  t.regex(
    created.text,
    /cssh --options "-F '.*ssh_config'" root@10\.99\.0\.11 root@10\.99\.0\.12 root@10\.99\.0\.13\n/,
  );

  const named = await machines.run(
    root,
    process.execPath,
    ['scripts/hosts/on.ts', '--all', 'instanceid; lsevents | head -1'],
    60_000,
  );
  t.is(named.code, 0, named.text);
  for (const id of ['instance1', 'instance2', 'a']) {
    t.true(
      named.text.includes(`${id}:\n  ${id}\n  ${id}  /opt/spillway/.spillway/hosts/${id}/events`),
      named.text,
    );
  }

  const { text, result } = await rig.run(SCENARIO, file);
  t.is(result.verdict, 'pass');
  t.is(result.destinations[0]?.delivered, 90_000);
  t.is(result.conservation.state, 'closed');
  t.deepEqual(
    result.hosts.map(({ id }) => id),
    ['instance1', 'instance2', 'a'],
  );
  // Both clocks are this machine's: the offset that was measured must be within its own bound.
  const clock = result.hosts[2]?.clock ?? { offsetMs: Number.NaN, boundMs: 0 };
  t.true(Math.abs(clock.offsetMs) <= clock.boundMs, JSON.stringify(clock));
  t.true((result.latencyMs?.clockBoundMs ?? 0) >= clock.boundMs - 0.001);
  t.regex(text, /clocks ±/);

  const live = await rig.run(LIVE, file);
  t.is(live.result.destinations[0]?.delivered, 40_000);
  t.is(live.result.destinations[0]?.latencyMs, null, 'judged file by file: when each arrived is not kept');

  // What the run stopped is up again, with nothing of the run beside it.
  const after = await machines.run(
    root,
    process.execPath,
    ['scripts/hosts/on.ts', '--all', 'ls /opt/spillway/.spillway; lsevents --json'],
    60_000,
  );
  t.is(after.code, 0, after.text);
  t.false(after.text.includes('run-1'), after.text);

  const destroyed = await machines.run(root, './destroy.sh', [], DESTROY_MS);
  t.is(destroyed.code, 0, destroyed.text);
  t.false(existsSync(join(root, '.hosts')));
  for (const number of [1, 2, 3]) t.deepEqual(machines.remains(number), ['bin/etcd']);
  const again = await machines.run(root, './destroy.sh', [], DESTROY_MS);
  t.is(again.code, 0, again.text);
  t.regex(again.text, /nothing of .* is up/);
});

test.serial(
  'a cluster of machines behind a generator of its own: a member and the sender killed, judged together',
  async (t) => {
    const rig = await rigOf(t, 4);
    if (rig === null) return;
    const { machines, root } = rig;
    const file = writeHostsFile(machines, ['load', 'instance1', 'a1', 'a2']);
    const created = await machines.run(root, './create.sh', ['hosts', file], CREATE_MS);
    t.is(created.code, 0, created.text);
    t.regex(created.text, /all instances have registered/);

    const { result } = await rig.run(CLUSTER, file);
    t.is(result.verdict, 'pass');
    t.deepEqual(result.hops.map(({ name }) => name).toSorted(), [
      'instance1 -> a1',
      'instance1 -> a2',
      'load -> instance1',
    ]);
    t.is(result.hosts.find(({ id }) => id === 'load')?.role, 'generator');
    const [cluster] = result.destinations;
    t.is(cluster?.delivered, 80_000);
    t.is(cluster?.members?.length, 2);
    for (const { name, events } of cluster?.members ?? []) t.true(events > 0, name);
    t.true((cluster?.latencyMs?.clockBoundMs ?? 0) > 0);
    t.deepEqual(
      readdirSync(join(machines.work, 'cluster-of-two')).filter((name) => name.startsWith('members-')),
      [],
    );

    // As a step that an interrupted create left running.
    const left = 'SPILLWAY_STEP=yes setsid sleep 98765 </dev/null >/dev/null 2>&1 &';
    const on = ['scripts/hosts/on.ts', 'load', '--', left];
    const begun = await machines.run(root, process.execPath, on, 60_000);
    t.is(begun.code, 0, begun.text);
    for (let tries = 0; tries < 200 && !isRunning('sleep 98765 '); tries++) await delay(50);
    t.true(isRunning('sleep 98765 '));

    const destroyed = await machines.run(root, './destroy.sh', [], DESTROY_MS);
    t.is(destroyed.code, 0, destroyed.text);
    t.false(isRunning('sleep 98765 '));
    for (const number of [1, 2, 3, 4]) t.deepEqual(machines.remains(number), ['bin/etcd']);
  },
);
