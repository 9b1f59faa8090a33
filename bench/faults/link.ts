// A link that can be broken: its proxy's process in the chain, and how the rig talks to it.

import { join } from 'node:path';
import type { LocalChain } from '../chain/chain.ts';
import { type ChainNode, HOP_PORT, HTTP_PORT } from '../chain/layout.ts';
import { waitUntil } from '../chain/ready.ts';
import { BenchError, messageOf } from '../run-error.ts';
import type { LinkFault, ProxyState } from './proxy/fault.ts';

const START_MS = 10_000;
const TIMEOUT_MS = 5000;

export class FaultLink {
  readonly name: string;
  readonly receiver: ChainNode;
  readonly #control: string;

  constructor(receiver: ChainNode) {
    this.name = linkName(receiver);
    this.receiver = receiver;
    this.#control = `http://${receiver.advertised}:${HTTP_PORT}`;
  }

  /** Before anything sends through it. */
  async start(chain: LocalChain, signal: AbortSignal): Promise<void> {
    const { receiver } = this;
    const { layout } = chain;
    const argv = [
      ...[process.execPath, join(layout.root, 'bench/faults/proxy/main.ts')],
      ...['--listen', `${receiver.advertised}:${HOP_PORT}`, '--to', `${receiver.address}:${HOP_PORT}`],
      ...['--control', `${receiver.advertised}:${HTTP_PORT}`],
    ];
    const name = `proxy-${receiver.id}`;
    const out = join(layout.dir, `${name}.out`);
    await chain.startRig({ name, argv, cwd: layout.root, out }, signal);
    const look = () => this.state().then(() => null, messageOf);
    await waitUntil(`the proxy of ${this.name} did not start (see ${out})`, look, START_MS, signal);
  }

  state(): Promise<ProxyState> {
    return this.#ask('GET', '/') as Promise<ProxyState>;
  }

  /** Connections that stood then. */
  async apply(fault: LinkFault): Promise<number> {
    const state = (await this.#ask('PUT', '/fault', fault)) as ProxyState;
    return state.open;
  }

  /** How many connections were reset. */
  async reset(): Promise<number> {
    return ((await this.#ask('POST', '/reset')) as { reset: number }).reset;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#control}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return response.json();
    throw new BenchError('run', `the proxy of ${this.name} answers ${response.status}`);
  }
}

export function linkName(receiver: { readonly id: string; readonly from: string | null }): string {
  return `${receiver.from} -> ${receiver.id}`;
}
