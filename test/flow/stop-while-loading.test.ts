// SIGTERM in the first moments of a start, while modules were loaded, ended the agent by the signal.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { MAIN } from '../agent/inspect/written-log.ts';
import { until } from '../agent/source/until.ts';
import { configOf, tailOf, temporaryDirectory } from './chain.ts';

/** Bit of SIGHUP in the masks of /proc/PID/status. */
const HANGUP = 1n;

test('SIGTERM while the agent loads is a clean stop', async (t) => {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const file = join(dir, 'agent.json');
  const log = { dir: join(dir, 'log') };
  await writeFile(file, JSON.stringify({ ...configOf('early', 230, { sources: [tailOf(spool)] }), log }));
  const child = spawn(process.execPath, [MAIN, 'run', '--config', file], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  // the first thing that it does by itself is to take SIGHUP
  await until('it is at work', async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'latin1');
    return (BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`) & HANGUP) !== 0n;
  });
  child.kill('SIGTERM');
  t.deepEqual(await ended, [0, null]);
});
