import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { CHAIN_MARKER } from '../../../bench/chain/layout.ts';
import { allPids, readEnvironment } from '../../../bench/chain/procfs.ts';
import type { Result } from '../../../bench/result.ts';
import { socat } from '../../../bench/tools/socat/socat.ts';

const root = join(import.meta.dirname, '../../..');
const SMALL = `
name: small
description: a small run
chain: { instances: 1, fanOut: 2 }
generator: { rate: 20k/s, duration: 2s }
durability: os
`;

interface Run {
  readonly code: number | null;
  readonly said: string;
  readonly result: Result;
}

function start(t: ExecutionContext, scenario: string, ...args: string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-run-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'scenario.yaml');
  writeFileSync(file, scenario);
  const out = join(dir, 'out');
  const bench = spawn(process.execPath, [
    join(root, 'bench/main.ts'),
    ...['run', file, '--out', out, '--dir', dir, ...args],
  ]);
  let said = '';
  for (const stream of [bench.stdout, bench.stderr])
    stream.on('data', (chunk: Buffer) => (said += String(chunk)));
  t.teardown(() => bench.kill('SIGKILL'));
  const closed = once(bench, 'close');
  const ended = async (): Promise<Run> => {
    const [code] = await closed;
    const path = join(out, 'result.json');
    if (!existsSync(path)) throw new Error(`no result:\n${said}`);
    return { code: Number(code), said, result: JSON.parse(readFileSync(path, 'utf8')) as Result };
  };
  return { bench, dir, out, ended };
}

/** Processes of a run whose data lies below `dir`. */
async function processesOf(dir: string): Promise<number> {
  const environments = await Promise.all((await allPids()).map((pid) => readEnvironment(pid)));
  return environments.filter((env) => env?.has(CHAIN_MARKER) && env.get('SPILLWAY_DATA')?.startsWith(dir))
    .length;
}

test.serial('the agent carries a small run to two destinations, verified and accounted for', async (t) => {
  const { ended, dir, out } = start(t, SMALL, '--json');
  const { code, said, result } = await ended();
  t.is(code, 0, said);
  t.is(result.verdict, 'pass');
  t.is(result.sent, 40_000);
  t.deepEqual(
    result.destinations.map(({ name, delivered }) => [name, delivered]),
    [
      ['a', 40_000],
      ['b', 40_000],
    ],
  );
  t.is(result.conservation.state, 'closed');
  t.true(result.series.timeMs.length > 2);
  t.true(
    result.processes.some(
      ({ name, group, cpuSeconds }) => name === 'a' && group === 'tool' && cpuSeconds > 0,
    ),
  );
  t.true(existsSync(join(out, 'report.html')));
  const last = JSON.parse(said.slice(said.indexOf('{"verdict"')).split('\n')[0] ?? '') as Record<
    string,
    unknown
  >;
  t.like(last, {
    verdict: 'pass',
    scenario: 'small',
    tool: 'agent',
    sent: 40_000,
    conservation: 'closed',
    failures: [],
  });
  t.is(await processesOf(dir), 0, 'nothing is left running');
});

test.serial('a step that comes after the end of the load never happened: invalid', async (t) => {
  const steps =
    'steps:\n  - { at: 0.3s, do: kill, target: b }\n  - { at: 0.6s, do: start, target: b }\n  - { at: 90s, do: stop, target: a }\n';
  const { code, result } = await start(t, SMALL.replace('2s', '4s').replace('20k', '5k') + steps).ended();
  t.is(code, 1);
  t.is(result.verdict, 'invalid');
  t.deepEqual(result.failures, ["step 'stop a at 90 s' never happened"]);
  t.deepEqual(
    result.events.map(({ text }) => text),
    ['kill b at 0.3 s', 'start b at 0.6 s'],
  );
  t.true(result.destinations.every(({ lost, duplicated }) => lost.events + duplicated.events === 0));
});

test.serial(
  'an agent that someone kills from outside is started again, and nothing is lost or doubled',
  async (t) => {
    const { ended, bench, dir } = start(t, SMALL.replace('2s', '6s').replace('20k', '5k'));
    const sending = Promise.withResolvers<void>();
    bench.stdout.on('data', (chunk: Buffer) => {
      if (String(chunk).includes('sending')) sending.resolve();
    });
    await sending.promise;
    const pid = await agentOf(dir, 'instance1');
    process.kill(pid, 'SIGKILL');
    const { code, said, result } = await ended();
    t.is(code, 0, said);
    t.deepEqual(
      result.events.map(({ text }) => text),
      ['instance1 ended by itself by SIGKILL', 'instance1 started again'],
    );
    t.true(
      result.destinations.every(
        ({ lost, duplicated, delivered }) => lost.events + duplicated.events === 0 && delivered === 30_000,
      ),
    );
    t.is(result.conservation.state, 'closed');
  },
);

/** The pid of the agent of one instance of the run whose data lies below `dir`. */
async function agentOf(dir: string, id: string): Promise<number> {
  for (const pid of await allPids()) {
    const data = (await readEnvironment(pid))?.get('SPILLWAY_DATA');
    if (!data?.startsWith(dir)) continue;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (command.includes('agent/main.ts') && command.includes(`/${id}/`)) return pid;
  }
  throw new Error(`no agent of ${id} runs`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test.serial(`${signal} in the middle: status 130, an invalid result, no orphan`, async (t) => {
    const { bench, dir, out, ended } = start(t, SMALL.replace('2s', '60s'));
    while (!existsSync(join(out, 'manifest.json'))) await delay(20);
    bench.kill(signal);
    const { code, result } = await ended();
    t.is(code, 130);
    t.is(result.verdict, 'invalid');
    t.true(result.failures.includes('the run was interrupted'));
    t.is(await processesOf(dir), 0);
  });
}

test.serial('the second Ctrl-C does not wait, and leaves no orphan either', async (t) => {
  const { bench, dir, out } = start(t, SMALL.replace('2s', '60s'));
  while (!existsSync(join(out, 'manifest.json'))) await delay(20);
  const exited = once(bench, 'exit');
  bench.kill('SIGINT');
  bench.kill('SIGTERM');
  t.deepEqual(await exited, [130, null]);
  t.is(await processesOf(dir), 0);
  t.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith('spillway-')),
    [],
    'the data of the chain is gone',
  );
});

test.serial('socat, or how to get it', async (t) => {
  const found = await socat.locate(root);
  const { bench, ended } = start(t, SMALL, '--tool', 'socat');
  if (!found.found) {
    let said = '';
    bench.stderr.on('data', (chunk: Buffer) => (said += String(chunk)));
    await t.throwsAsync(ended());
    t.is(bench.exitCode, 1);
    t.true(said.includes(found.howToGet), said);
    return;
  }
  const { code, said, result } = await ended();
  t.is(code, 0, said);
  t.like(result, { verdict: 'pass', tool: 'socat', durability: 'os', sent: 40_000 });
  t.is(result.conservation.state, 'closed');
});
