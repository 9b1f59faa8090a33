import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { readManifest } from '../../../bench/generator/manifest.ts';
import { fill, planPayload } from '../../../bench/generator/payload.ts';
import type { GeneratorProgress, GeneratorSpec, Manifest } from '../../../bench/generator/spec.ts';

const MAIN = fileURLToPath(new URL('../../../bench/generator/main.ts', import.meta.url));

interface Run {
  readonly spec: GeneratorSpec;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly out: () => string;
  readonly err: () => string;
}

async function start(t: ExecutionContext, changes: Partial<GeneratorSpec> | string): Promise<Run> {
  const root = await mkdtemp(join(tmpdir(), 'spillway-generator-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const spec: GeneratorSpec = {
    runner: 1,
    epoch: 1,
    seed: 7,
    content: { kind: 'synthetic', format: 'influx' },
    pace: { kind: 'flood' },
    events: 10_000,
    dir: join(root, 'events'),
    fileBytes: 64 << 20,
    sourceKeepBytes: 1 << 30,
    onSourceFull: 'expire',
    startAtMs: 0,
    scheduleLagMsMax: 10_000,
    manifestPath: join(root, 'manifest.json'),
    ...(typeof changes === 'string' ? {} : changes),
  };
  const specPath = join(root, 'spec.json');
  await writeFile(specPath, typeof changes === 'string' ? changes : JSON.stringify(spec));
  const child = spawn(process.execPath, [MAIN, '--spec', specPath], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  return { spec, child, ended, out: () => out, err: () => err };
}

async function written({ spec }: Run): Promise<{ names: readonly string[]; bytes: Buffer }> {
  const names = (await readdir(spec.dir)).sort();
  return {
    names,
    bytes: Buffer.concat(await Promise.all(names.map((name) => readFile(join(spec.dir, name))))),
  };
}

async function expected({ spec }: Run, { events, startMs }: Manifest): Promise<Buffer> {
  const payload = (await planPayload(spec.content, spec, spec.seed, spec.pace)).start(startMs);
  const buffer = Buffer.alloc(payload.bytes(0, events));
  fill(payload, buffer, 0, 0, events);
  return buffer;
}

const progressOf = (run: Run): readonly GeneratorProgress[] =>
  run
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as GeneratorProgress);

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(10);
}

test('flood: all events, in files that roll on event boundaries, and a final manifest', async (t) => {
  const run = await start(t, { events: 50_000, fileBytes: 1_000_000 });
  t.is(await run.ended, 0, run.err());
  const manifest = await readManifest(run.spec.manifestPath);
  const { names, bytes } = await written(run);
  t.true(bytes.equals(await expected(run, manifest)));
  t.like(manifest, { final: true, events: 50_000, bytes: bytes.length, crc32: crc32(bytes), lateEvents: 0 });
  t.deepEqual(names, [
    'events-000001.log',
    'events-000002.log',
    'events-000003.log',
    'events-000004.log',
    'events-000005.log',
    'events-000006.log',
  ]);
  for (const name of names) {
    const content = await readFile(join(run.spec.dir, name));
    t.is(content.at(-1), 10);
    t.true(content.length <= 1_000_000);
    if (name !== names.at(-1)) t.true(content.length > 999_800);
  }
  t.like(progressOf(run).at(-1), { events: 50_000, bytes: bytes.length });
});

test('schedule: every event is due at its time, none is early, none is skipped', async (t) => {
  const run = await start(t, { pace: { kind: 'schedule', eventsPerSecond: 20_000 }, events: 20_000 });
  const began = Date.now();
  t.is(await run.ended, 0, run.err());
  const manifest = await readManifest(run.spec.manifestPath);
  t.true(Date.now() - began >= 999);
  t.true((await written(run)).bytes.equals(await expected(run, manifest)));
  t.true(manifest.lagMs.max > 0 && manifest.lagMs.p99 <= manifest.lagMs.max);
  for (const { timeMs, events } of progressOf(run)) {
    t.true(events <= ((timeMs - manifest.startMs) * 20_000) / 1000 + 1, `${events} events at ${timeMs}`);
  }
});

test('schedule: a start in the past writes what is late at once and counts it', async (t) => {
  const run = await start(t, {
    pace: { kind: 'schedule', eventsPerSecond: 1000 },
    events: 1500,
    startAtMs: Date.now() - 5000,
    scheduleLagMsMax: 100,
  });
  t.is(await run.ended, 0, run.err());
  const manifest = await readManifest(run.spec.manifestPath);
  t.like(manifest, { events: 1500, lateEvents: 1500, startMs: run.spec.startAtMs });
  t.true(manifest.lagMs.max >= 5000);
});

test('SIGTERM ends it early with a final manifest that says how far it came', async (t) => {
  const run = await start(t, { pace: { kind: 'schedule', eventsPerSecond: 5000 }, events: 1_000_000 });
  await until(() => run.out().split('\n').length > 3);
  run.child.kill('SIGTERM');
  t.is(await run.ended, 0, run.err());
  const manifest = await readManifest(run.spec.manifestPath);
  t.true(manifest.final && manifest.events > 0 && manifest.events < 1_000_000);
  t.true((await written(run)).bytes.equals(await expected(run, manifest)));
});

test('SIGKILL leaves a manifest that is not final and does not claim too much', async (t) => {
  const run = await start(t, { pace: { kind: 'schedule', eventsPerSecond: 5000 }, events: 1_000_000 });
  await until(async () => {
    const manifest = await readManifest(run.spec.manifestPath).catch(() => null);
    return (manifest?.events ?? 0) > 0;
  });
  run.child.kill('SIGKILL');
  await run.ended;
  const manifest = await readManifest(run.spec.manifestPath);
  t.false(manifest.final);
  t.true((await written(run)).bytes.subarray(0, manifest.bytes).equals(await expected(run, manifest)));
});

test('expire: the oldest rolled files go, and the manifest names them with their sizes', async (t) => {
  const run = await start(t, { events: 50_000, fileBytes: 500_000, sourceKeepBytes: 2_000_000 });
  t.is(await run.ended, 0, run.err());
  const manifest = await readManifest(run.spec.manifestPath);
  const { names, bytes } = await written(run);
  const all = await expected(run, manifest);
  const expiredBytes = manifest.expired.reduce((sum, file) => sum + file.bytes, 0);
  t.true(bytes.length <= 2_000_000);
  t.is(expiredBytes + bytes.length, manifest.bytes);
  t.true(all.subarray(expiredBytes).equals(bytes));
  t.is(manifest.expired[0]?.file, 'events-000001.log');
  t.is(manifest.expired.length + names.length, 12);
});

test('hold: it waits until somebody deletes files, and the wait is no lag', async (t) => {
  const run = await start(t, {
    pace: { kind: 'schedule', eventsPerSecond: 20_000 },
    events: 20_000,
    fileBytes: 200_000,
    sourceKeepBytes: 600_000,
    onSourceFull: 'hold',
    scheduleLagMsMax: 1000,
  });
  await until(() => run.out().includes('heldMs') && (progressOf(run).at(-1)?.heldMs ?? 0) > 1200);
  const held = (await written(run)).bytes.length;
  t.true(held > 600_000 && held < 900_000, `${held} bytes while held`);
  while (run.child.exitCode === null) {
    const names = (await readdir(run.spec.dir)).sort();
    for (const name of names.slice(0, -1)) await rm(join(run.spec.dir, name));
    await sleep(20);
  }
  t.is(await run.ended, 0, run.err());
  const manifest = await readManifest(run.spec.manifestPath);
  t.like(manifest, { events: 20_000, lateEvents: 0, expired: [] });
  t.true(manifest.heldMs > 1200);
});

test('files that stood there before are left alone and numbered past', async (t) => {
  const run = await start(t, {});
  t.is(await run.ended, 0, run.err());
  const before = await stat(join(run.spec.dir, 'events-000001.log'));
  const again = await start(t, { dir: run.spec.dir, epoch: 2 });
  t.is(await again.ended, 0, again.err());
  t.deepEqual((await readdir(run.spec.dir)).sort(), ['events-000001.log', 'events-000002.log']);
  t.is((await stat(join(run.spec.dir, 'events-000001.log'))).size, before.size);
});

test('an event larger than a file may be stands alone in its file', async (t) => {
  const run = await start(t, { events: 20, fileBytes: 50 });
  t.is(await run.ended, 0, run.err());
  const { names, bytes } = await written(run);
  t.is(names.length, 20);
  t.true(bytes.equals(await expected(run, await readManifest(run.spec.manifestPath))));
});

test('a wrong spec ends it with status 2 and a sentence that names the key', async (t) => {
  const wrong = await start(t, { events: -1 });
  t.is(await wrong.ended, 2);
  t.regex(wrong.err(), /^generator: .*spec\.json: events: /);
  const unparsable = await start(t, '{');
  t.is(await unparsable.ended, 2);
  t.regex(unparsable.err(), /spec\.json: .*JSON/);
  const missing = await start(t, { content: { kind: 'replay-raw', files: ['/nowhere/at-all.log'] } });
  t.is(await missing.ended, 2);
  t.regex(missing.err(), /cannot read the file to replay: ENOENT.*at-all\.log/);
});

test('a directory that cannot be made ends it with status 1', async (t) => {
  const first = await start(t, {});
  t.is(await first.ended, 0, first.err());
  const run = await start(t, { dir: join(first.spec.manifestPath, 'events') });
  t.is(await run.ended, 1);
  t.regex(run.err(), /^generator: ENOTDIR.*manifest\.json/);
});
