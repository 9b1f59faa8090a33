// One relayed connection: bytes from the client to the server and back, each way through a gate that the fault
// closes or narrows. A closed gate reads nothing, so the bytes stay with the kernel and arrive late, in order, when
// it opens again, as after a network that came back; neither side is told anything meanwhile, not even of an end.

import type { Socket } from 'node:net';
import type { LinkFault } from './fault.ts';
import type { Throttle } from './throttle.ts';

export interface Traffic {
  /** Bytes relayed from the sender to the receiver, and back. */
  forwardBytes: number;
  backBytes: number;
  /** Connections that a fault held: stood when it came, or came while it held. */
  affected: number;
  connections: number;
  /** Times that `slow` made bytes wait. */
  delays: number;
}

export class Relay {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #traffic: Traffic;
  readonly #throttles: { readonly forward: Throttle; readonly back: Throttle };
  #fault: LinkFault = { kind: 'none' };
  readonly #waiting = { forward: false, back: false };
  #ended = false;

  constructor(
    client: Socket,
    server: Socket,
    traffic: Traffic,
    throttles: { readonly forward: Throttle; readonly back: Throttle },
  ) {
    this.#client = client;
    this.#server = server;
    this.#traffic = traffic;
    this.#throttles = throttles;
    this.#join(client, server, 'forward');
    this.#join(server, client, 'back');
  }

  set fault(fault: LinkFault) {
    this.#fault = fault;
    if (fault.kind !== 'none') this.#traffic.affected++;
    this.#turn();
  }

  get ended(): boolean {
    return this.#ended;
  }

  reset(): void {
    this.#ended = true;
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  #join(from: Socket, to: Socket, way: 'forward' | 'back'): void {
    from.on('data', (chunk: Buffer) => {
      this.#traffic[`${way}Bytes`] += chunk.length;
      const fits = to.write(chunk);
      const waitMs = this.#fault.kind === 'slow' ? this.#throttles[way].take(chunk.length) : 0;
      if (waitMs > 0) {
        this.#traffic.delays++;
        this.#wait(way, (go) => setTimeout(go, waitMs));
      } else if (!fits) {
        this.#wait(way, (go) => to.once('drain', go));
      }
    });
    from.on('end', () => to.end());
    // The other side sees what a broken connection looks like.
    from.on('error', () => this.reset());
    from.on('close', () => {
      if (from.readableEnded && to.writable) to.end();
      this.#ended = this.#client.destroyed && this.#server.destroyed;
    });
  }

  #wait(way: 'forward' | 'back', until: (go: () => void) => void): void {
    this.#waiting[way] = true;
    this.#turn();
    until(() => {
      this.#waiting[way] = false;
      this.#turn();
    });
  }

  #turn(): void {
    for (const way of ['forward', 'back'] as const) {
      const from = way === 'forward' ? this.#client : this.#server;
      if (isShut(this.#fault, way) || this.#waiting[way]) from.pause();
      else from.resume();
    }
  }
}

function isShut(fault: LinkFault, way: 'forward' | 'back'): boolean {
  return fault.kind === 'cut' || (fault.kind === 'half-open' && fault.direction === way);
}
