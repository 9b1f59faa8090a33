// What the rig runs on a machine of the chain, over ssh. For all but `serve` the chain comes on standard input, as JSON.
// Exit status as the bench's: 0 done, 1 failed, 2 not understood.

import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { untilInterrupted } from '../run/interrupt.ts';
import { BenchError, exitStatus } from '../run-error.ts';
import type { RemoteChain } from './hosts-file.ts';
import { serve } from './serve.ts';
import { standingDown, startStanding, stopStanding, waitRegistered } from './standing.ts';

const root = join(dirname(import.meta.dirname), '..');
const USAGE =
  'usage: main.ts serve | start|stop|down ID <chain.json | registered ID [WITHOUT...] <chain.json';

async function main([verb, id, ...without]: readonly string[], signal: AbortSignal): Promise<number> {
  if (verb === 'serve') return serve(root, signal);
  if (id === undefined) throw new BenchError('usage', USAGE);
  const chain = JSON.parse(await text(process.stdin)) as RemoteChain;
  switch (verb) {
    case 'start':
      process.stdout.write(`up: ${(await startStanding(root, chain, id, signal)).join(', ')}\n`);
      return 0;
    case 'stop':
      await stopStanding(root, chain);
      return 0;
    case 'down': {
      const down = await standingDown(root, chain);
      process.stdout.write(down.length === 0 ? 'all up\n' : `down: ${down.join(', ')}\n`);
      return down.length === 0 ? 0 : 1;
    }
    case 'registered':
      await waitRegistered(root, chain, without, signal);
      return 0;
    default:
      throw new BenchError('usage', USAGE);
  }
}

try {
  process.exitCode = await untilInterrupted((signal) => main(process.argv.slice(2), signal));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof BenchError ? exitStatus(error.code) : 1;
}
