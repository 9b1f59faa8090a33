// The fault proxy of one link: stands at the address that the receiver advertises, relays to where it listens, and
// does to the connections what it is told. TCP and nothing above it, so it works for every tool and needs no root.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { LinkFault, ProxyState } from './fault.ts';
import { Relay, type Traffic } from './relay.ts';
import { Throttle } from './throttle.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export class FaultProxy {
  readonly #to: Endpoint;
  readonly #server: Server;
  readonly #relays = new Set<Relay>();
  /** Came while the link was cut: their first packet would not have arrived either. */
  readonly #held = new Set<Socket>();
  readonly #traffic: Traffic = { forwardBytes: 0, backBytes: 0, affected: 0, connections: 0, delays: 0 };
  readonly #throttles = { forward: new Throttle(), back: new Throttle() };
  #fault: LinkFault = { kind: 'none' };

  private constructor(to: Endpoint) {
    this.#to = to;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  static async listen(at: Endpoint, to: Endpoint): Promise<FaultProxy> {
    const proxy = new FaultProxy(to);
    proxy.#server.listen({ ...at, exclusive: true });
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): Endpoint {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return { host: address.address, port: address.port };
  }

  get state(): ProxyState {
    return { fault: this.#fault, open: this.#relays.size, ...this.#traffic };
  }

  set fault(fault: LinkFault) {
    this.#fault = fault;
    const rate = fault.kind === 'slow' ? fault.bytesPerSecond : Number.POSITIVE_INFINITY;
    this.#throttles.forward.bytesPerSecond = rate;
    this.#throttles.back.bytesPerSecond = rate;
    for (const relay of this.#relays) relay.fault = fault;
    if (fault.kind === 'cut') return;
    for (const client of this.#held) this.#connect(client);
    this.#held.clear();
  }

  /** Resets every connection that stands; returns how many. */
  reset(): number {
    const count = this.#relays.size;
    this.#traffic.affected += count;
    for (const relay of this.#relays) relay.reset();
    this.#relays.clear();
    return count;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const relay of this.#relays) relay.reset();
    for (const client of this.#held) client.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    this.#traffic.connections++;
    client.pause();
    // Answered below once there is a relay; until then an error only means that the client is gone.
    client.on('error', () => undefined);
    if (this.#fault.kind !== 'cut') {
      this.#connect(client);
      return;
    }
    this.#traffic.affected++;
    this.#held.add(client);
  }

  #connect(client: Socket): void {
    const server = connect({ ...this.#to, allowHalfOpen: true, noDelay: true });
    server.once('error', () => client.resetAndDestroy());
    server.once('connect', () => {
      const relay = new Relay(client, server, this.#traffic, this.#throttles);
      this.#relays.add(relay);
      relay.fault = this.#fault;
      for (const socket of [client, server]) {
        socket.on('close', () => {
          if (relay.ended) this.#relays.delete(relay);
        });
      }
    });
  }
}
