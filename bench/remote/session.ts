// The rig's end of the connection to one machine during a run. Requests may overlap; when the connection ends, all
// that wait fail with what ssh said last.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { BenchError } from '../run-error.ts';
import type { Host } from './hosts-file.ts';
import { REMOTE_MAIN } from './layout.ts';
import type { AnswerLine, Verb, Verbs } from './protocol.ts';
import { endChild, exitOf, lastLines, shellQuote } from './ssh.ts';

const ANSWER_MS = 120_000;
const CLOSE_MS = 90_000;
const STDERR_CHARS_MAX = 8192;

interface Waiting {
  readonly settle: (answer: unknown) => void;
  readonly fail: (error: Error) => void;
}

export class Session {
  readonly host: Host;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number>;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #said = '';
  #ended: BenchError | null = null;

  constructor(config: string, host: Host) {
    this.host = host;
    const command = shellQuote([...REMOTE_MAIN, 'serve']);
    // A group of its own: Ctrl-C is for us, and we tell the machine what to do about it.
    this.#child = spawn('ssh', ['-F', config, host.id, command], { stdio: 'pipe', detached: true });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => undefined);
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-STDERR_CHARS_MAX);
    });
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.#take(line));
    this.#exit = exitOf(this.#child).then(
      (status) => this.#end(`the connection to ${host.id} (${host.address}) ended (${status})`, status),
      (error: Error) => this.#end(error.message, 255),
    );
  }

  /** Fails with the machine's own error, or when the connection ends or no answer comes in time. */
  ask<V extends Verb>(verb: V, body: Verbs[V]['body'], timeoutMs = ANSWER_MS): Promise<Verbs[V]['answer']> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      reject(new BenchError('run', `${this.host.id} did not answer '${verb}' within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    this.#waiting.set(id, { settle: resolve, fail: reject });
    this.#child.stdin?.write(`${JSON.stringify({ id, verb, body })}\n`);
    return promise.finally(() => clearTimeout(timer)) as Promise<Verbs[V]['answer']>;
  }

  /** The machine ends what it does for us. null: it did; else what went wrong. */
  async close(): Promise<string | null> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => endChild(this.#child), CLOSE_MS);
    const status = await this.#exit;
    clearTimeout(timer);
    if (status === 0) return null;
    const said = lastLines(this.#said, 5);
    return `${this.host.id} did not clean up after the run${said === '' ? ` (${status})` : `: ${said}`}`;
  }

  #take(line: string): void {
    let parsed: AnswerLine;
    try {
      parsed = JSON.parse(line) as AnswerLine;
    } catch {
      this.#said = `${this.#said}${line}\n`;
      return;
    }
    const waiting = this.#waiting.get(parsed.id);
    this.#waiting.delete(parsed.id);
    if ('error' in parsed) {
      waiting?.fail(new BenchError(parsed.error.code, `${this.host.id}: ${parsed.error.message}`));
    } else waiting?.settle(parsed.answer);
  }

  #end(text: string, status: number): number {
    const said = lastLines(this.#said, 3);
    this.#ended = new BenchError('run', said === '' ? text : `${text}: ${said}`);
    for (const { fail } of this.#waiting.values()) fail(this.#ended);
    this.#waiting.clear();
    return status;
  }
}
