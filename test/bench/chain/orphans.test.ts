import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { BENCH, ChainRecord, PROCESSES } from '../../../bench/chain/chain-record.ts';
import type { ChainLayout } from '../../../bench/chain/layout.ts';
import { takeDownOrphans } from '../../../bench/chain/orphans.ts';
import type { ProcessRecord } from '../../../bench/chain/process.ts';
import { isAlive } from '../../../bench/chain/procfs.ts';
import { chainSchema, logSchema } from '../../../bench/scenario.ts';
import { SHAPE, startSleeper, temporaryRoot, testLayout } from './sleeper.ts';

const silent = () => undefined;

async function standing(t: ExecutionContext): Promise<{ layout: ChainLayout; left: ProcessRecord }> {
  const layout = testLayout(temporaryRoot(t));
  mkdirSync(layout.dir, { recursive: true });
  return { layout, left: await startSleeper(t, layout, 'exec sleep 60') };
}

test('orphan-pid-used-again: a bench is known by its start time, not by its pid alone', async (t) => {
  const { layout, left } = await standing(t);
  const list = [{ name: BENCH, pid: process.pid, startTime: 1, group: 'rig' }];
  writeFileSync(join(layout.dir, PROCESSES), JSON.stringify(list));
  t.deepEqual(await takeDownOrphans(layout.root, silent), [layout.name]);
  t.false(await isAlive(left));
});

test('a run whose bench goes on is left alone', async (t) => {
  const { layout, left } = await standing(t);
  const [shape, log] = [chainSchema.parse(SHAPE), logSchema.parse({})];
  const record = new ChainRecord(layout.dir, () => ({
    file: {
      ...{ version: 1, name: layout.name, shape, tool: 'socat', durability: 'os', log },
      ...{ dataDir: layout.dataDir, memoryDir: layout.memoryDir, startedAt: new Date().toISOString() },
      registry: { type: 'static', instances: {} },
      processes: [left],
    },
    observed: [],
  }));
  await record.refresh();
  t.deepEqual(await takeDownOrphans(layout.root, silent), []);
  t.true(await isAlive(left));
});
