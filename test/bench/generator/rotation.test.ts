import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EventFiles } from '../../../bench/generator/eventfiles.ts';
import type { GeneratorSpec, Rotation } from '../../../bench/generator/spec.ts';

const EVERY_MS = 1000;

interface Bed {
  readonly dir: string;
  readonly files: EventFiles;
  /** At a time, ms. */
  write(atMs: number, text: string): void;
}

function bed(t: ExecutionContext, mode: Rotation['mode'], sourceKeepBytes = 1e6): Bed {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-rotation-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const spec: GeneratorSpec = {
    runner: 1,
    epoch: 1,
    seed: 1,
    content: { kind: 'synthetic', format: 'influx' },
    pace: { kind: 'flood' },
    events: 1,
    dir,
    fileBytes: 1e6,
    rotate: { mode, everyMs: EVERY_MS },
    sourceKeepBytes,
    onSourceFull: 'expire',
    startAtMs: 0,
    scheduleLagMsMax: 1,
    manifestPath: join(dir, 'manifest.json'),
  };
  let now = 0;
  const files = new EventFiles(spec, () => now);
  t.teardown(() => files.close());
  const write = (atMs: number, text: string) => {
    now = atMs;
    files.write(Buffer.from(text), text.length);
  };
  return { dir, files, write };
}

function contents(dir: string): Record<string, string> {
  return Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]));
}

test('rename: the file keeps its inode under its new name, and a new one takes its place', (t) => {
  const { dir, write } = bed(t, 'rename');
  write(1, 'one\n');
  const { ino } = statSync(join(dir, 'events.log'));
  write(EVERY_MS, 'two\n');
  write(EVERY_MS + 1, 'three\n');
  t.deepEqual(contents(dir), { 'events-000001.log': 'one\ntwo\n', 'events.log': 'three\n' });
  t.is(statSync(join(dir, 'events-000001.log')).ino, ino);
});

test('copytruncate: the file keeps its name and inode, and its bytes are in the copy', (t) => {
  const { dir, write } = bed(t, 'copytruncate');
  write(1, 'one\n');
  const { ino } = statSync(join(dir, 'events.log'));
  write(EVERY_MS, 'two\n');
  write(EVERY_MS + 1, 'three\n');
  t.deepEqual(contents(dir), { 'events-000001.log': 'one\ntwo\n', 'events.log': 'three\n' });
  t.is(statSync(join(dir, 'events.log')).ino, ino);
});

test('truncate: the bytes are gone', (t) => {
  const { dir, write } = bed(t, 'truncate');
  write(EVERY_MS, 'one\n');
  write(EVERY_MS + 1, 'two\n');
  t.deepEqual(contents(dir), { 'events.log': 'two\n' });
});

test('rotated files expire, oldest first, and the manifest will say so', (t) => {
  const { dir, files, write } = bed(t, 'rename', 10);
  for (let second = 1; second <= 4; second++) write(second * EVERY_MS, 'five\n');
  t.deepEqual(contents(dir), {
    'events-000003.log': 'five\n',
    'events-000004.log': 'five\n',
    'events.log': '',
  });
  t.deepEqual(files.expired, [
    { file: 'events-000001.log', bytes: 5 },
    { file: 'events-000002.log', bytes: 5 },
  ]);
});
