// A client of a Scribe server: one call at a time over one connection, opened when it is needed. A call without an answer
// ends the connection: what would still come belongs to that call, not to the next.

import { connect, type Socket } from 'node:net';

const ANSWER_MS = 10_000;

export class Client {
  readonly #server: { readonly host: string; readonly port: number };
  readonly #isQuiet: boolean;
  #socket: Socket | null = null;
  #answer: Buffer = Buffer.alloc(0);
  #changed: () => void = () => undefined;

  /** `isQuiet`: says nothing of connections that fail. */
  constructor(host: string, port: number, { isQuiet = false } = {}) {
    this.#server = { host, port };
    this.#isQuiet = isQuiet;
  }

  /** What `read` makes of the answer; null when there was none. `read` returns null while bytes are missing. */
  async call<T>(frame: Buffer, read: (bytes: Buffer) => T | null): Promise<T | null> {
    const socket = this.#connected();
    const late = setTimeout(() => socket.destroy(), ANSWER_MS);
    this.#answer = Buffer.alloc(0);
    socket.write(frame);
    try {
      while (!socket.destroyed) {
        await this.#change();
        const result = read(this.#answer);
        if (result !== null) return result;
      }
      return null;
    } finally {
      clearTimeout(late);
    }
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connected(): Socket {
    if (this.#socket !== null && !this.#socket.destroyed) return this.#socket;
    const socket = connect({ ...this.#server, noDelay: true });
    socket.on('data', (chunk) => {
      this.#answer = Buffer.concat([this.#answer, chunk]);
      this.#changed();
    });
    socket.on('error', (error) => {
      if (!this.#isQuiet) console.error(`scribe client: ${error.message}`);
    });
    socket.on('close', () => this.#changed());
    this.#socket = socket;
    return socket;
  }

  #change(): Promise<void> {
    return new Promise((settle) => {
      this.#changed = settle;
    });
  }
}
