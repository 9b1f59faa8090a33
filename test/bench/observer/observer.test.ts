import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { readArrivals } from '../../../bench/observer/arrivals.ts';
import type { ObservedProcess, ObserverSpec, Sample } from '../../../bench/observer/spec.ts';

const MAIN = fileURLToPath(new URL('../../../bench/observer/main.ts', import.meta.url));
/** Uses the processor and writes a file, until it is told to end. */
const BUSY = `const { appendFileSync } = require('node:fs');
setInterval(() => { appendFileSync(process.argv[1], 'x'.repeat(65536)); for (const end = Date.now() + 5; Date.now() < end;); }, 10);`;

interface Watched {
  readonly spec: ObserverSpec;
  readonly root: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly err: () => string;
  samples(): Promise<readonly Sample[]>;
}

async function observe(t: ExecutionContext, changes: Record<string, unknown> = {}): Promise<Watched> {
  const root = await mkdtemp(join(tmpdir(), 'spillway-observer-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, 'a'));
  const a = { name: 'a', dir: join(root, 'a'), include: ['*.log'] };
  const b = { name: 'b', dir: join(root, 'b'), include: ['*.log'] }; // never made
  const spec: ObserverSpec = {
    destinations: [a, b],
    directories: [a],
    processesPath: join(root, 'processes.json'),
    arrivalPollMs: 5,
    sampleMs: 50,
    outDir: join(root, 'out'),
    ...changes,
  };
  await writeFile(join(root, 'spec.json'), JSON.stringify(spec));
  const child = spawn(process.execPath, [MAIN, '--spec', join(root, 'spec.json')], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  const samples = async (): Promise<readonly Sample[]> => {
    const text = await readFile(join(spec.outDir, 'samples.jsonl'), 'utf8').catch(() => '');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Sample);
  };
  return { spec, root, child, ended, err: () => err, samples };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

test('every growth of a destination is timed, the last one by a last look', async (t) => {
  const watched = await observe(t);
  await until(async () => (await watched.samples()).length > 0);
  const wrote: { size: number; beforeMs: number; afterMs: number }[] = [];
  for (let size = 10; size <= 100; size += 10) {
    const beforeMs = Date.now();
    await appendFile(join(watched.root, 'a', '1.log'), 'x'.repeat(10));
    wrote.push({ size, beforeMs, afterMs: Date.now() });
    await sleep(30);
  }
  await writeFile(join(watched.root, 'a', '2.log'), 'last');
  watched.child.kill('SIGTERM');
  t.is(await watched.ended, 0, watched.err());
  const log = await readArrivals(join(watched.spec.outDir, 'arrivals-a.bin'));
  t.deepEqual(log.files, ['1.log', '2.log']);
  t.deepEqual(log.arrivals.at(-1)?.size, 4);
  for (const { size, beforeMs, afterMs } of wrote) {
    const seen = log.arrivals.find((arrival) => arrival.file === 0 && arrival.size >= size);
    t.true(seen !== undefined && seen.timeMs >= beforeMs - 2, `${size} bytes seen before they were written`);
    t.true((seen?.timeMs ?? 0) <= afterMs + log.pollMs.max + 50, `${size} bytes seen late`);
  }
  t.true(log.pollMs.p50 >= 4 && log.pollMs.p50 <= log.pollMs.p99 && log.pollMs.p99 <= log.pollMs.max);
  t.deepEqual((await readArrivals(join(watched.spec.outDir, 'arrivals-b.bin'))).arrivals, []);
  t.deepEqual((await watched.samples()).at(-1)?.directories, {
    a: { totalBytes: 104, presentBytes: 104, files: 2 },
  });
  const summary: unknown = JSON.parse(await readFile(join(watched.spec.outDir, 'observer.json'), 'utf8'));
  t.like(summary, {
    version: 1,
    destinations: [
      { name: 'a', files: 2, bytes: 104 },
      { name: 'b', files: 0, bytes: 0 },
    ],
  });
});

test('the counters of a process go on over its restart', async (t) => {
  const watched = await observe(t);
  const busy = (): ChildProcess => {
    const child = spawn(process.execPath, ['-e', BUSY, join(watched.root, 'busy')], { stdio: 'ignore' });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  const list = (processes: readonly ObservedProcess[]): Promise<void> =>
    writeFile(watched.spec.processesPath, JSON.stringify(processes));
  const cpu = async (): Promise<number> =>
    (await watched.samples()).at(-1)?.processes['agent']?.cpuSeconds ?? 0;

  const first = busy();
  await list([{ name: 'agent', pid: first.pid ?? 0, group: 'tool' }]);
  await until(async () => (await cpu()) >= 0.3);
  first.kill('SIGKILL');
  await once(first, 'close');
  const second = busy();
  await list([{ name: 'agent', pid: second.pid ?? 0, group: 'tool' }]);
  await until(async () => (await cpu()) >= 0.6);
  watched.child.kill('SIGTERM');
  t.is(await watched.ended, 0, watched.err());

  const samples = await watched.samples();
  const seconds = samples.map(({ processes }) => processes['agent']?.cpuSeconds ?? 0);
  t.deepEqual(
    seconds,
    seconds.toSorted((a, b) => a - b),
  );
  const last = samples.at(-1);
  t.true((last?.processes['agent']?.rssBytes ?? 0) > 10 << 20);
  t.true((last?.processes['agent']?.writtenBytes ?? -1) >= 0);
  t.true((last?.machine.busySeconds ?? 0) > 0.1);
});

test("a child in a session of its own is its parent's, and is counted once when it has ended", async (t) => {
  const watched = await observe(t);
  const used = '((u) => (u.user + u.system) / 1e6)(process.cpuUsage())';
  // What ran before the first look is not counted.
  await until(async () => (await watched.samples()).length > 0);
  const burn = `while (process.cpuUsage().user < 600000); console.log(${used});`;
  const parent = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(burn)}], { detached: true });
    let said = '';
    child.stdout.on('data', (chunk) => { said += chunk; });
    child.on('close', () => console.log(Number(said) + ${used}));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await writeFile(
    watched.spec.processesPath,
    JSON.stringify([{ name: 'tool', pid: child.pid, group: 'tool' }]),
  );
  const [said] = await once(child.stdout, 'data');
  const both = Number(String(said));
  const seen = (await watched.samples()).length;
  await until(async () => (await watched.samples()).length > seen + 3);
  const seconds = (await watched.samples()).at(-1)?.processes['tool']?.cpuSeconds ?? 0;
  t.true(Math.abs(seconds - both) < 0.3, `${seconds} s, by their own account ${both} s`);
});

test('a process that ran before the observer counts from the first look only', async (t) => {
  const watched = await observe(t);
  await writeFile(
    watched.spec.processesPath,
    JSON.stringify([{ name: 'us', pid: process.pid, group: 'rig' }]),
  );
  await until(async () => (await watched.samples()).some(({ processes }) => 'us' in processes));
  const us = (await watched.samples()).find(({ processes }) => 'us' in processes)?.processes['us'];
  t.is(us?.cpuSeconds, 0);
  t.true((us?.rssBytes ?? 0) > 0);
});

test('a wrong spec ends it with status 2 and a sentence that names the key', async (t) => {
  const watched = await observe(t, { arrivalPollMs: 0 });
  t.is(await watched.ended, 2);
  t.regex(watched.err(), /^observer: cannot use spec .*spec\.json: arrivalPollMs: /);
});
