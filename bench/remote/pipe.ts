// The output of one program as the input of another. Neither outlives the other's failure: a reader that has ended would
// leave the writer waiting for room for ever, and the other way round.

import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { BenchError, hasCode } from '../run-error.ts';
import { lastLines } from './ssh.ts';

const SAID_CHARS_MAX = 4096;
const KILL_MS = 2000;

export interface PipeOptions {
  /** Without a byte for so long it is given up. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** @throws BenchError that names the program that failed and what it said */
export async function pipeInto(
  from: readonly string[],
  into: readonly string[],
  { idleMs, signal }: PipeOptions,
): Promise<void> {
  signal.throwIfAborted();
  const source = new Piped(from, ['ignore', 'pipe', 'pipe']);
  const sink = new Piped(into, ['pipe', 'ignore', 'pipe']);
  const both = [source, sink];
  const end = () => both.map((one) => one.end());
  let isIdle = false;
  const idle = setTimeout(() => {
    isIdle = true;
    end();
  }, idleMs);
  const { stdout } = source.child;
  const { stdin } = sink.child;
  stdin?.on('error', () => undefined); // its exit status tells
  stdout?.on('data', () => idle.refresh());
  if (stdin !== null) stdout?.pipe(stdin);
  void source.ended.then((problem) => problem !== null && sink.end());
  // What the source says of its own end tells more than that its reader was cut short.
  void sink.ended.then((problem) => problem !== null && stdout?.readableEnded !== true && source.end());
  signal.addEventListener('abort', end, { once: true });
  try {
    const problems = (await Promise.all(both.map(({ ended }) => ended))).filter((text) => text !== null);
    signal.throwIfAborted();
    if (isIdle) throw new BenchError('run', `nothing came for ${idleMs / 1000} s`);
    if (problems.length > 0) throw new BenchError('run', problems.join('; '));
  } finally {
    clearTimeout(idle);
    signal.removeEventListener('abort', end);
  }
}

/** One of the two: the leader of a process group, so that what it starts ends with it. */
class Piped {
  readonly child: ChildProcess;
  /** Never rejects; null: it ended well, or since it was told to. */
  readonly ended: Promise<string | null>;
  #isTold = false;
  #said = '';

  constructor([command = '', ...args]: readonly string[], stdio: ('ignore' | 'pipe')[]) {
    const name = basename(command);
    this.child = spawn(command, args, { stdio, detached: true });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_CHARS_MAX);
    });
    this.ended = new Promise((settle) => {
      this.child.once('error', (error) => {
        settle(hasCode(error, 'ENOENT') ? `${name} is missing: install it` : `${name}: ${error.message}`);
      });
      this.child.once('close', (code, killedBy) => {
        if (this.#isTold || code === 0) return settle(null);
        const how = code === null ? `was ended by ${killedBy}` : `ended with status ${code}`;
        settle(`${name} ${how}: ${lastLines(this.#said, 3) || 'it said nothing'}`);
      });
    });
  }

  end(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#signal('SIGTERM');
    const kill = setTimeout(() => this.#signal('SIGKILL'), KILL_MS);
    this.child.once('close', () => clearTimeout(kill));
    for (const stream of this.child.stdio) stream?.destroy();
  }

  #signal(name: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error;
    }
  }
}
