import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EventDirectory } from '../../../bench/observer/directory.ts';

interface Watch {
  readonly path: (name: string) => string;
  readonly directory: EventDirectory;
  /** `name:size` of the last sizes seen, by file number. */
  readonly seen: () => string[];
  readonly names: string[];
}

function watch(t: ExecutionContext, dir = mkdtempSync(join(tmpdir(), 'spillway-directory-'))): Watch {
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const names: string[] = [];
  const sizes: number[] = [];
  const directory = new EventDirectory(
    { name: 'a', dir, include: ['*.log', '*.log.*'] },
    {
      named: (file, name) => {
        names[file] = name;
      },
      grown: (file, size) => {
        sizes[file] = size;
      },
    },
  );
  const seen = (): string[] => names.map((name, file) => `${name}:${sizes[file] ?? 0}`);
  return { path: (name) => join(dir, name), directory, seen, names };
}

test('files appear, grow and roll', (t) => {
  const { path, directory, seen } = watch(t);
  directory.poll();
  t.deepEqual(seen(), []);
  writeFileSync(path('1.log'), 'ab');
  writeFileSync(path('ignored.txt'), 'abc');
  directory.poll();
  t.deepEqual(seen(), ['1.log:2']);
  appendFileSync(path('1.log'), 'cd');
  directory.poll();
  t.deepEqual(seen(), ['1.log:4']);
  appendFileSync(path('1.log'), 'ef'); // the last bytes before the roll
  writeFileSync(path('2.log'), 'g');
  directory.poll();
  t.deepEqual(seen(), ['1.log:6', '2.log:1']);
  t.deepEqual(directory.totals(), { totalBytes: 7, presentBytes: 7, files: 2 });
});

test('a roll under way at every poll misses nothing', (t) => {
  const { path, directory, seen } = watch(t);
  for (let file = 0; file < 200; file++) {
    const name = `${String(file).padStart(6, '0')}.log`;
    writeFileSync(path(name), 'a');
    directory.poll();
    appendFileSync(path(name), 'bc');
    if (file % 3 === 0) directory.poll();
  }
  directory.poll();
  t.is(seen().length, 200);
  t.true(seen().every((entry) => entry.endsWith(':3')));
});

test('a renamed file keeps its number', (t) => {
  const { path, directory, seen } = watch(t);
  writeFileSync(path('x.log'), 'abc');
  directory.poll();
  appendFileSync(path('x.log'), 'd');
  renameSync(path('x.log'), path('x.log.1'));
  writeFileSync(path('x.log'), 'e');
  directory.poll();
  t.deepEqual(seen(), ['x.log.1:4', 'x.log:1']);
  t.is(directory.totals().totalBytes, 5);
});

test('a deleted file stays counted, and a truncated one is a new file', (t) => {
  const { path, directory, seen } = watch(t);
  writeFileSync(path('1.log'), 'abc');
  writeFileSync(path('2.log'), 'abcd');
  directory.poll();
  rmSync(path('1.log'));
  truncateSync(path('2.log'), 1);
  directory.poll();
  t.deepEqual(seen(), ['1.log:3', '2.log:4', '2.log:1']);
  t.deepEqual(directory.totals(), { totalBytes: 8, presentBytes: 1, files: 1 });
});

test('a file that was idle for long is seen to grow again', async (t) => {
  const { path, directory, seen } = watch(t);
  for (const name of ['1.log', '2.log', '3.log', '4.log']) writeFileSync(path(name), 'a');
  directory.poll();
  const began = Date.now();
  while (Date.now() - began < 1200) {
    directory.poll();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  appendFileSync(path('1.log'), 'b');
  while (!seen().includes('1.log:2')) {
    directory.poll();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  t.deepEqual(seen(), ['1.log:2', '2.log:1', '3.log:1', '4.log:1']);
});

test('a directory may appear later, and go', (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'spillway-directory-'));
  t.teardown(() => rmSync(parent, { recursive: true, force: true }));
  const { path, directory, seen } = watch(t, join(parent, 'later'));
  directory.poll();
  mkdirSync(join(parent, 'later'));
  writeFileSync(path('1.log'), 'a');
  directory.poll();
  t.deepEqual(seen(), ['1.log:1']);
  rmSync(join(parent, 'later'), { recursive: true });
  directory.poll();
  t.deepEqual(directory.totals(), { totalBytes: 1, presentBytes: 0, files: 0 });
});
