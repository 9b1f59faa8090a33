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

test('a chain on three machines: created, killed and cut under load, judged, destroyed', async (t) => {
  t.timeout(CREATE_MS + RUN_MS + DESTROY_MS);
  const why = await whyNoMachines();
  if (why !== null) {
    t.log(`not run: ${why}`);
    t.pass();
    return;
  }
  const root = checkout(t);
  const machines = await Machines.start(t, 3);
  t.log(`between the machines: ${machines.conditions}`);
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

  const scenario = join(machines.work, 'kill-and-cut.yaml');
  writeFileSync(scenario, SCENARIO);
  const out = join(machines.work, 'out');
  const bench = ['bench/main.ts', 'run', scenario, '--chain', file, '--out', out, '--json'];
  const ran = await machines.run(root, process.execPath, bench, RUN_MS);
  t.is(ran.code, 0, ran.text);
  const result = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'));
  t.is(result.verdict, 'pass');
  t.is(result.destinations[0].delivered, 90_000);
  t.is(result.conservation.state, 'closed');
  t.deepEqual(
    result.hosts.map(({ id }: { id: string }) => id),
    ['instance1', 'instance2', 'a'],
  );
  // Both clocks are this machine's: the offset that was measured must be within its own bound.
  const [, , end] = result.hosts;
  t.true(Math.abs(end.clock.offsetMs) <= end.clock.boundMs, JSON.stringify(end.clock));
  t.true(result.latencyMs.clockBoundMs >= end.clock.boundMs - 0.001);
  t.regex(ran.text, /clocks ±/);

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
