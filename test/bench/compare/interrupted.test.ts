// A comparison that is interrupted under load: it ends within seconds, says so by its status, and leaves nothing running.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { CHAIN_MARKER } from '../../../bench/chain/layout.ts';
import {
  allPids,
  isAlive,
  type ProcessIdentity,
  readEnvironment,
  readProcess,
} from '../../../bench/chain/procfs.ts';
import { place } from '../lossy/bench.ts';

const root = join(import.meta.dirname, '../../..');
/** The load alone would take a minute; on a machine that does something else, too. */
const BUSY_MS = 120_000;
const ENDED_MS = 30_000;
const LOAD = `
name: tiny
description: a tiny load
chain: { instances: 1, fanOut: 1 }
generator: { rate: 300k/min, duration: 60s }
`;
const COMPARE = `
name: interrupted
description: a comparison that is interrupted
columns:
  - { tool: agent, durability: os }
rows:
  - { name: held, title: Held, about: held without loss, kind: held, rate: 300k/min, scenario: load.yaml, quick: true }
`;

/** Its children that belong to a chain, each with the folder of that chain. */
async function childrenOf(pid: number): Promise<readonly (ProcessIdentity & { readonly chain: string })[]> {
  const states = await Promise.all((await allPids()).map((each) => readProcess(each)));
  const children = states.filter((state) => state !== null).filter(({ parent }) => parent === pid);
  const marked = children.map(async (child) => {
    return { ...child, chain: (await readEnvironment(child.pid))?.get(CHAIN_MARKER) ?? '' };
  });
  return (await Promise.all(marked)).filter(({ chain }) => chain !== '');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test.serial(
    `${signal} ends a comparison: status 130, what is missing is named, nothing is left`,
    async (t) => {
      t.timeout(BUSY_MS);
      const { out, write } = place(t);
      write('load.yaml', LOAD);
      const file = write('compare.yaml', COMPARE);
      const bench = spawn(process.execPath, [join(root, 'bench/main.ts'), 'run', file, '--out', out]);
      t.teardown(() => bench.kill('SIGKILL'));
      let said = '';
      for (const stream of [bench.stdout, bench.stderr])
        stream.on('data', (chunk: Buffer) => (said += String(chunk)));
      const closed = once(bench, 'close');
      // Both ends of the hop, the generator and the observer.
      let children = await childrenOf(bench.pid ?? 0);
      while (children.length < 4 && bench.exitCode === null) {
        await delay(50);
        children = await childrenOf(bench.pid ?? 0);
      }
      t.true(children.length >= 4, said);
      for (const { chain } of children) t.true(existsSync(chain), chain);
      const beganMs = Date.now();
      bench.kill(signal);
      const [code] = await closed;
      t.is(code, 130, said);
      t.true(Date.now() - beganMs < ENDED_MS, said);
      t.regex(said, /interrupted; missing are 1 of 1 runs:\n {2}held: agent-os\n/);
      for (const child of children) {
        t.false(await isAlive(child), said);
        t.false(existsSync(child.chain), child.chain);
      }
    },
  );
}
