import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { programDigest } from '../../../bench/compare/program.ts';

const run = promisify(execFile);

async function checkout(t: ExecutionContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'spillway-program-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  for (const folder of ['agent', 'bench/tools', 'configs', 'docs']) {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, 'one.ts'), folder);
  }
  return root;
}

async function commit(root: string): Promise<void> {
  const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.org', '-c', 'commit.gpgsign=false'];
  for (const args of [
    ['init', '-q'],
    ['add', '.'],
    [...who, 'commit', '-qm', 'all'],
  ])
    await run('git', args, { cwd: root });
}

test('other-code-untracked: a file that git does not know yet is other code', async (t) => {
  const root = await checkout(t);
  await commit(root);
  const before = await programDigest(root, []);
  await writeFile(join(root, 'bench/tools/new.ts'), 'new');
  t.not(await programDigest(root, []), before);
});

test('other-code-commit: committing what is there changes nothing; neither do documents', async (t) => {
  const root = await checkout(t);
  const before = await programDigest(root, []);
  await commit(root);
  t.is(await programDigest(root, []), before);
  await appendFile(join(root, 'docs/one.ts'), 'more');
  t.is(await programDigest(root, []), before);
  await appendFile(join(root, 'agent/one.ts'), 'more');
  t.not(await programDigest(root, []), before);
});

test('other-code-tools: a tool outside the checkout is code, too', async (t) => {
  const root = await checkout(t);
  const elsewhere = await checkout(t);
  const without = await programDigest(root, []);
  const before = await programDigest(root, [elsewhere]);
  t.not(before, without);
  await appendFile(join(elsewhere, 'bench/tools/one.ts'), 'more');
  t.not(await programDigest(root, [elsewhere]), before);
});

test('other-code-archive: without git, elsewhere, the same files are the same program', async (t) => {
  const root = await checkout(t);
  await commit(root);
  const copy = await mkdtemp(join(tmpdir(), 'spillway-program-'));
  t.teardown(() => rm(copy, { recursive: true, force: true }));
  await cp(root, copy, { recursive: true, filter: (path) => !path.endsWith('.git') });
  t.is(await programDigest(copy, []), await programDigest(root, []));
  await writeFile(join(copy, 'configs/one.ts'), 'another template');
  t.not(await programDigest(copy, []), await programDigest(root, []));
});
