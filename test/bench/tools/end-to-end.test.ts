// A small run with two tools that are cheap to have, judged like any other: each is found, checked, started and stopped,
// and what the one receives the other sends on. (Awkward lines go through each tool in test/bench/fidelity.)

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Result } from '../../../bench/result.ts';
import { toolNamed } from '../../../bench/tools/registry.ts';
import { root } from './node.ts';

const CHAINS = ['rsyslog:tuned,agent', 'rsyslog:relp,syslog-ng:tuned', 'agent,fluent-bit:tuned'];

async function run(t: ExecutionContext, links: string): Promise<{ said: string; result: Result }> {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-rivals-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'scenario.yaml');
  const load = 'generator: { rate: 3k/s, duration: 1s, scheduleLagMax: 5s }\ndurability: os\n';
  writeFileSync(
    file,
    `name: small\ndescription: d\nchain: { instances: 2, links: ['${links.replace(',', "', '")}'] }\n${load}`,
  );
  const args = ['run', file, '--out', join(dir, 'out'), '--dir', dir];
  const bench = spawn(process.execPath, [join(root, 'bench/main.ts'), ...args]);
  t.teardown(() => bench.kill('SIGKILL'));
  let said = '';
  for (const stream of [bench.stdout, bench.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  await once(bench, 'close');
  return { said, result: JSON.parse(readFileSync(join(dir, 'out/result.json'), 'utf8')) as Result };
}

for (const links of CHAINS) {
  test.serial(`a chain of ${links} delivers every event, and each link adds up`, async (t) => {
    t.timeout(120_000);
    const found = await toolNamed(links).locate(root);
    if (!found.found) {
      t.log(`not run, because a tool is not here; to get it: ${found.howToGet}`);
      t.pass();
      return;
    }
    const { said, result } = await run(t, links);
    const [first = '', second = ''] = links.split(',');
    t.deepEqual(
      result.hops.map(({ name, tool }) => [name, tool]),
      [
        ['instance1 -> instance2', first],
        ['instance2 -> a', second],
      ],
    );
    t.like(result.destinations[0], { delivered: 3000, torn: 0, foreign: 0 }, said);
    t.deepEqual(
      result.conservation.equations.map(({ holds, left, right }) => [holds, left, right]),
      [
        [true, 3000, 3000],
        [true, 3000, 3000],
      ],
    );
    t.is(result.verdict, 'pass', said);
  });
}
