// terraform or tofu, whichever is there, on the stack's folder. What it prints goes through to the user; what it said
// is kept to be explained when it fails.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { z } from 'zod';
import { BenchError, messageOf } from '../../bench/run-error.ts';
import { STACK_FOLDER } from '../../infra/synth.ts';
import { errorsOf, explain } from './explain.ts';

const PROGRAMS = ['terraform', 'tofu'] as const;
const SAID_CHARS_MAX = 256 * 1024;
const JSON_BYTES_MAX = 64 * 2 ** 20;
/**
 * Interrupted, the provider drops the requests that are under way: AWS makes a machine, and no state knows it. All
 * machines are made at the same time, so that there is little to wait for.
 */
const PATIENCE_MS = 180_000;
const IN_ORDER =
  ': what it is making is finished, so that no machine is left that no state knows (3 minutes at the most)';
const HOW_TO_GET =
  'neither terraform nor tofu is on the PATH: get one from https://developer.hashicorp.com/terraform/install or https://opentofu.org/docs/intro/install';

export interface Terraform {
  readonly program: string;
  /** Fails with what it said, explained where that is possible. `patient`: Ctrl-C lets it finish (see PATIENCE_MS). */
  run(
    args: readonly string[],
    options?: { readonly quiet?: boolean; readonly patient?: boolean },
  ): Promise<string>;
  json<T>(args: readonly string[], schema: z.ZodType<T>): Promise<T>;
}

export async function findTerraform(signal: AbortSignal): Promise<Terraform> {
  for (const program of PROGRAMS) {
    const works = await promisify(execFile)(program, ['version'], { timeout: 30_000 }).then(
      () => true,
      () => false,
    );
    if (works) return terraform(program, signal);
  }
  throw new BenchError('usage', HOW_TO_GET);
}

function terraform(program: string, signal: AbortSignal): Terraform {
  const env = { ...process.env, TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1' };
  return {
    program,
    async run(args, { quiet = false, patient = false } = {}) {
      signal.throwIfAborted();
      const argv = [`-chdir=${STACK_FOLDER}`, ...args, '-no-color'];
      // A group of its own: Ctrl-C is ours to pass on, once, so that it can write its state and end.
      const child = spawn(program, argv, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          said = (said + text).slice(-SAID_CHARS_MAX);
          if (!quiet) process.stdout.write(text);
        });
      }
      let patience: NodeJS.Timeout | undefined;
      const onAbort = () => {
        const ends = () => child.kill('SIGINT');
        process.stderr.write(`${program} ends in order first${patient ? IN_ORDER : ''}\n`);
        if (patient) patience = setTimeout(ends, PATIENCE_MS);
        else ends();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const [status] = (await once(child, 'close')) as [number | null];
      signal.removeEventListener('abort', onAbort);
      clearTimeout(patience);
      signal.throwIfAborted();
      if (status === 0) return said;
      throw new BenchError('run', explain(said) ?? `${program} ${args[0]} failed:\n${errorsOf(said)}`);
    },
    async json(args, schema) {
      const argv = [`-chdir=${STACK_FOLDER}`, ...args];
      const what = `${program} ${args.join(' ')}`;
      const { stdout } = await promisify(execFile)(program, argv, { env, maxBuffer: JSON_BYTES_MAX }).catch(
        (cause: unknown) => {
          const said = String((cause as { stderr?: unknown }).stderr ?? cause);
          throw new BenchError('run', explain(said) ?? `${what} failed:\n${errorsOf(said)}`, { cause });
        },
      );
      try {
        return schema.parse(JSON.parse(stdout));
      } catch (cause) {
        throw new BenchError('run', `${what} did not say what was expected: ${messageOf(cause)}`, { cause });
      }
    },
  };
}
