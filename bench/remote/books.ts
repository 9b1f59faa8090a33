// The books of a run over machines: what has arrived at the ends, what the tool itself says of its nodes, and when
// nothing is under way any more. The same questions as on one machine (run/drain.ts, run/settle.ts), asked over ssh.

import { setTimeout as delay } from 'node:timers/promises';
import { type ChainEnd, type ChainLayout, endsOf, isCluster } from '../chain/layout.ts';
import type { Manifest } from '../generator/spec.ts';
import type { AccountedNode } from '../run/conservation.ts';
import { DrainWatch } from '../run/drain.ts';
import type { RunPlan } from '../run/plan.ts';
import { isHandedOver, isIdle, SETTLE_MS } from '../run/settle.ts';
import type { NodeAccount } from '../tools/tool.ts';
import type { Fleet } from './fleet.ts';
import type { NodeBooks } from './protocol.ts';

const POLL_MS = 100;

export class RemoteBooks {
  readonly #fleet: Fleet;
  readonly #plan: RunPlan;
  readonly #layout: ChainLayout;
  readonly #ends: readonly ChainEnd[];

  constructor(fleet: Fleet, plan: RunPlan, layout: ChainLayout) {
    this.#fleet = fleet;
    this.#plan = plan;
    this.#layout = layout;
    this.#ends = endsOf(layout.nodes);
  }

  /** True when every destination has all that was sent, or no more will come; false when the limits ran out. */
  async drain(manifest: Manifest | null, signal: AbortSignal): Promise<boolean> {
    const { asserts, limits, verify } = this.#plan.scenario;
    // What the members of a cluster have twice may make up for what none has yet.
    const isShared = this.#plan.tool.accounts !== null && this.#ends.some(isCluster);
    const wantedBytes = isShared ? Number.POSITIVE_INFINITY : (manifest?.bytes ?? 0);
    // Where events may be lost their bytes never come, and those that are judged already are gone.
    const asksBooks = asserts.lost !== 0 || verify === 'live' || isShared;
    const watch = new DrainWatch(wantedBytes, limits, Date.now());
    for (;;) {
      const sizes = await this.#sizes();
      if (asksBooks && (await this.#isSettled(manifest))) return true;
      const state = watch.look(sizes, Date.now());
      if (state !== 'waiting') return state === 'all';
      await delay(POLL_MS, undefined, { signal });
    }
  }

  /** Acknowledgements travel back after the last byte has arrived: the books when they have, or as they are. */
  async settle(signal: AbortSignal): Promise<readonly AccountedNode[]> {
    const deadline = Date.now() + SETTLE_MS;
    let books = await this.#read();
    while (this.#plan.tool.accounts !== null && Date.now() < deadline) {
      const accounts = accountsIn(books);
      if ([...accounts.values()].every(isIdle) && isHandedOver(accounts)) break;
      await delay(POLL_MS, undefined, { signal });
      books = await this.#read();
    }
    return this.#layout.nodes
      .filter(({ id }) => books.get(id)?.begun === true)
      .map(({ id, from, to, destination }) => {
        return { id, from, to, destination, account: books.get(id)?.account ?? null, verdict: null };
      });
  }

  /** Bytes at each destination; at all members of a cluster together. */
  async #sizes(): Promise<readonly number[]> {
    const hosts = this.#fleet.nodes.filter(({ role }) => role === 'destination');
    const bytes = await this.#fleet.askAll(hosts, 'bytes', () => null);
    return this.#ends.map(({ nodes }) => nodes.reduce((sum, { id }) => sum + (bytes.get(id) ?? 0), 0));
  }

  async #isSettled(manifest: Manifest | null): Promise<boolean> {
    const books = await this.#read();
    const accounts = accountsIn(books);
    if ([...books.values()].some(({ begun, account }) => begun && account === null)) return false;
    const [head] = this.#layout.nodes;
    const sources = accounts.get(head?.id ?? '')?.sources ?? [];
    const read = sources.reduce((sum, source) => sum + source.read, 0);
    return read >= (manifest?.events ?? 0) && [...accounts.values()].every(isIdle);
  }

  #read(): Promise<Map<string, NodeBooks>> {
    return this.#fleet.askAll(this.#fleet.nodes, 'accounts', () => null);
  }
}

function accountsIn(books: ReadonlyMap<string, NodeBooks>): Map<string, NodeAccount> {
  return new Map(
    [...books].flatMap(([id, { account }]) => (account === null ? [] : [[id, account] as const])),
  );
}
