import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { takeDown } from '../../../bench/chain/down.ts';
import { DATA_FOLDER_MARK, layoutChain, memoryPrefix } from '../../../bench/chain/layout.ts';
import { findLeftovers } from '../../../bench/chain/leftovers.ts';
import { isAlive } from '../../../bench/chain/procfs.ts';
import { SHAPE, startSleeper, temporaryRoot, testLayout } from './sleeper.ts';

const silent = () => undefined;

test('a process is found by its marker although folder and chain.json are gone', async (t) => {
  const root = temporaryRoot(t);
  const record = await startSleeper(t, testLayout(root), 'exec sleep 60');
  t.false(existsSync(join(root, '.spillway')));
  t.deepEqual(
    (await findLeftovers(root)).processes.map(({ pid, chain }) => ({ pid, chain })),
    [{ pid: record.pid, chain: 'run-1' }],
  );
  t.deepEqual(await takeDown(root, silent), { processes: [], folders: [] });
  t.false(await isAlive(record));
});

test('stale folders and data in memory go without any process, as after a reboot; twice is fine', async (t) => {
  const root = temporaryRoot(t);
  const memory = `${memoryPrefix(root)}local`;
  mkdirSync(join(root, '.spillway/local/instance1/events'), { recursive: true });
  mkdirSync(memory);
  t.teardown(() => rmSync(memory, { recursive: true, force: true }));
  t.deepEqual(await takeDown(root, silent), { processes: [], folders: [] });
  t.false(existsSync(join(root, '.spillway')));
  t.false(existsSync(memory));
  t.deepEqual(await takeDown(root, silent), { processes: [], folders: [] });
});

test('data outside the checkout is removed only where our mark lies in it', async (t) => {
  const root = temporaryRoot(t);
  const elsewhere = temporaryRoot(t);
  const layout = layoutChain(root, 'run-1', SHAPE, elsewhere);
  await startSleeper(t, layout, 'exec sleep 60');
  mkdirSync(layout.dataDir);
  t.deepEqual((await findLeftovers(root)).folders, []);
  writeFileSync(join(layout.dataDir, DATA_FOLDER_MARK), layout.dir);
  t.deepEqual((await findLeftovers(root)).folders, [layout.dataDir]);
  await takeDown(root, silent);
  t.false(existsSync(layout.dataDir));
  t.true(existsSync(elsewhere));
});

test('another checkout is left alone', async (t) => {
  const [mine, theirs] = [temporaryRoot(t), temporaryRoot(t)];
  const record = await startSleeper(t, testLayout(theirs), 'exec sleep 60');
  await takeDown(mine, silent);
  t.true(await isAlive(record));
});
