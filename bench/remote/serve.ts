// The machine's end of the connection of a run: takes requests from standard input until it ends, which is also how a
// lost connection shows; then everything that was begun is ended, and the standing chain is brought back.

import { createInterface } from 'node:readline';
import { BenchError, messageOf } from '../run-error.ts';
import type { AnswerLine, RequestLine, Verb, Verbs } from './protocol.ts';
import { Station } from './station.ts';

type Handlers = { readonly [V in Verb]: (body: Verbs[V]['body']) => unknown };

export async function serve(root: string, signal: AbortSignal): Promise<number> {
  const ended = new AbortController();
  const station = new Station(root, AbortSignal.any([signal, ended.signal]));
  const handlers: Handlers = station;
  const lines = createInterface({ input: process.stdin });
  signal.addEventListener('abort', () => lines.close(), { once: true });
  const write = (line: AnswerLine) => process.stdout.write(`${JSON.stringify(line)}\n`);
  process.stdout.on('error', () => lines.close());
  for await (const line of lines) {
    const { id, verb, body } = JSON.parse(line) as RequestLine;
    void answer(handlers, verb, body).then(
      (value) => write({ id, answer: value ?? null }),
      (error: unknown) => write({ id, error: errorOf(error) }),
    );
  }
  ended.abort(new BenchError('interrupted', 'the connection has ended'));
  await station.close();
  return 0;
}

async function answer(handlers: Handlers, verb: Verb, body: unknown): Promise<unknown> {
  // The other end is our own code; that it is of the same version is the first thing `open` asks.
  return (handlers[verb] as (body: unknown) => unknown).call(handlers, body);
}

function errorOf(error: unknown): { code: BenchError['code']; message: string } {
  return { code: error instanceof BenchError ? error.code : 'run', message: messageOf(error) };
}
