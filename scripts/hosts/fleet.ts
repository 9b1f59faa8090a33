// Many machines at once: each goes through its steps by itself, a bounded number at a time, with a line for each step.
// One that fails is out, and named with the step and what it said last; the others go on.

import fastq from 'fastq';
import type { Host } from '../../bench/remote/hosts-file.ts';
import { lastLines, type RemoteOutput } from '../../bench/remote/ssh.ts';
import { messageOf } from '../../bench/run-error.ts';
import type { HostStep, StepContext } from './steps.ts';

const AT_ONCE = 16;
const LINES_SHOWN = 8;

export interface Failure {
  readonly host: Host;
  readonly step: string;
  /** What it said last. */
  readonly said: string;
}

/** Returns those that failed; throws only when interrupted. */
export async function throughSteps(
  context: StepContext,
  steps: readonly HostStep[],
  say: (line: string) => void,
): Promise<readonly Failure[]> {
  const width = Math.max(...context.chain.hosts.map(({ id }) => id.length));
  const through = async (host: Host): Promise<Failure | null> => {
    for (const { name, limitSeconds, run } of steps) {
      const beganMs = Date.now();
      const output = await run(context, host, limitSeconds * 1000).catch(failed);
      context.signal.throwIfAborted();
      const took = `${((Date.now() - beganMs) / 1000).toFixed(1)} s`;
      say(
        `  ${host.id.padEnd(width)}  ${name.padEnd(8)}  ${output.status === 0 ? took : `FAILED after ${took}`}`,
      );
      for (const note of notesIn(output.text)) say(`  ${host.id.padEnd(width)}  ${note}`);
      if (output.status !== 0) return { host, step: name, said: lastLines(output.text, LINES_SHOWN) };
    }
    return null;
  };
  const queue = fastq.promise(through, AT_ONCE);
  // All of them settle first: after Ctrl-C no ssh of ours must be left running.
  const outcomes = await Promise.allSettled(context.chain.hosts.map((host) => queue.push(host)));
  context.signal.throwIfAborted();
  return outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value === null ? [] : [outcome.value];
  });
}

/** What somebody must know although it went well. */
function notesIn(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith('note: '));
}

export function describeFailures(failures: readonly Failure[]): string {
  return failures
    .map(({ host, step, said }) => {
      const lines = said.trim() === '' ? 'it said nothing' : said;
      return `${host.id} (${host.user}@${host.address}) failed at ${step}:\n${lines.replaceAll(/^/gm, '    ')}`;
    })
    .join('\n');
}

function failed(error: unknown): RemoteOutput {
  return { status: 1, text: messageOf(error) };
}
