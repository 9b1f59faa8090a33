// The machines of a run, each with its connection: asks one, or all of them at once, and knows whose clock is where.

import { BenchError } from '../run-error.ts';
import { between, type ClockReading, clockOver, readClock } from './clocks.ts';
import { type Host, hostOf, type RemoteChain } from './hosts-file.ts';
import type { Verb, Verbs } from './protocol.ts';
import { Session } from './session.ts';

export class Fleet {
  readonly chain: RemoteChain;
  readonly #sessions: ReadonlyMap<string, Session>;
  readonly #before = new Map<string, ClockReading>();
  readonly #clocks = new Map<string, ClockReading>();

  constructor(chain: RemoteChain, config: string) {
    this.chain = chain;
    this.#sessions = new Map(chain.hosts.map((host) => [host.id, new Session(config, host)]));
  }

  /** The machines that are nodes of the chain. */
  get nodes(): readonly Host[] {
    return this.chain.hosts.filter(({ role }) => role !== 'registry');
  }

  /** The machine of a node, or of etcd. */
  ask<V extends Verb>(
    node: string,
    verb: V,
    body: Verbs[V]['body'],
    timeoutMs?: number,
  ): Promise<Verbs[V]['answer']> {
    const session = this.#sessions.get(hostOf(this.chain, node).id);
    if (session === undefined) throw new BenchError('run', `no connection to ${node}`);
    return session.ask(verb, body, timeoutMs);
  }

  /** Answers by machine; all settle before one that failed is thrown. */
  async askAll<V extends Verb>(
    hosts: readonly Host[],
    verb: V,
    body: (host: Host) => Verbs[V]['body'],
    timeoutMs?: number,
  ): Promise<Map<string, Verbs[V]['answer']>> {
    const outcomes = await Promise.allSettled(
      hosts.map((host) => this.ask(host.id, verb, body(host), timeoutMs)),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return new Map(
      outcomes.flatMap((outcome, index) => {
        return outcome.status === 'fulfilled' ? [[hosts[index]?.id ?? '', outcome.value] as const] : [];
      }),
    );
  }

  /** Twice: before the load, and after it. One machine after the other, so that none waits for another's answer. */
  async readClocks(): Promise<void> {
    for (const [id, session] of this.#sessions) {
      const reading = await readClock(session);
      const before = this.#before.get(id) ?? reading;
      this.#before.set(id, before);
      this.#clocks.set(id, clockOver(before, reading));
    }
  }

  /** What turns a time of one machine into one of another, and how right that is. */
  shift(from: string, to: string): { readonly shiftMs: number; readonly boundMs: number } {
    if (from === to) return { shiftMs: 0, boundMs: 0 };
    return between(this.clockOf(from), this.clockOf(to));
  }

  clockOf(id: string): ClockReading {
    const clock = this.#clocks.get(id);
    if (clock === undefined) throw new BenchError('run', `the clock of ${id} has not been read`);
    return clock;
  }

  /** What could not be cleaned up, by machine. */
  async close(): Promise<readonly string[]> {
    const left = await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    return left.filter((text) => text !== null);
  }
}
