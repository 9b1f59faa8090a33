// Collecting files over ssh: whichever of the two programs fails, both end, and the one that failed is named.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readProcess } from '../../../bench/chain/procfs.ts';
import { pipeInto } from '../../../bench/remote/pipe.ts';

const LONG_MS = 30_000;

interface Bed {
  /** A shell that notes its pid first. */
  readonly shell: (name: string, script: string) => readonly string[];
  readonly isGone: (name: string) => Promise<boolean>;
  readonly file: string;
}

async function bed(t: ExecutionContext): Promise<Bed> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-pipe-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return {
    shell: (name, script) => ['sh', '-c', `echo $$ > ${dir}/${name}; ${script}`],
    isGone: async (name) => {
      const pid = await readFile(join(dir, name), 'utf8').catch(() => null);
      const state = pid === null ? null : await readProcess(Number(pid));
      return state === null || state.zombie;
    },
    file: join(dir, 'out'),
  };
}

async function problemOf(
  from: readonly string[],
  into: readonly string[],
  { idleMs = LONG_MS, signal = new AbortController().signal } = {},
): Promise<string> {
  return pipeInto(from, into, { idleMs, signal }).then(
    () => 'none',
    (error: unknown) => String(error instanceof Error ? error.message : error),
  );
}

test('what one writes the other reads', async (t) => {
  const { shell, file } = await bed(t);
  t.is(await problemOf(shell('from', 'seq 100000'), ['sh', '-c', `cat > ${file}`]), 'none');
  t.is((await readFile(file, 'utf8')).trimEnd().split('\n').length, 100_000);
});

test('collect-reader-ended: a reader that ends first ends the writer, and is named', async (t) => {
  const { shell, isGone } = await bed(t);
  const said = await problemOf(shell('from', 'exec yes'), ['sh', '-c', 'echo no space >&2; exit 2']);
  t.is(said, 'sh ended with status 2: no space');
  t.true(await isGone('from'));
});

test('collect-reader-missing: a missing reader is named, not the writer', async (t) => {
  t.is(await problemOf(['sh', '-c', 'exec yes'], ['/nowhere/tar']), 'tar is missing: install it');
});

test('collect-writer-missing: a missing writer leaves no reader', async (t) => {
  const { shell, isGone, file } = await bed(t);
  const reader = shell('into', `cat > ${file}`);
  t.is(await problemOf(['/nowhere/ssh'], reader), 'ssh is missing: install it');
  t.true(await isGone('into'));
});

test('collect-writer-failed: what the writer says comes first', async (t) => {
  const said = await problemOf(['sh', '-c', 'echo half; echo no such folder >&2; exit 3'], ['cat']);
  t.is(said, 'sh ended with status 3: no such folder');
});

test('collect-silent: without a byte for a while both are ended', async (t) => {
  const { shell, isGone } = await bed(t);
  const said = await problemOf(shell('from', 'sleep 60'), ['cat'], { idleMs: 300 });
  t.is(said, 'nothing came for 0.3 s');
  t.true(await isGone('from'));
});

test('collect-interrupted: an abort ends both', async (t) => {
  const { shell, isGone, file } = await bed(t);
  const controller = new AbortController();
  const from = shell('from', `echo begun; sleep 60`);
  const into = ['sh', '-c', `head -1 > ${file}; cat`];
  const work = problemOf(from, into, { signal: controller.signal });
  while ((await readFile(file, 'utf8').catch(() => '')) === '')
    await new Promise((next) => setTimeout(next, 10));
  controller.abort(new Error('interrupted'));
  t.is(await work, 'interrupted');
  t.true(await isGone('from'));
});
