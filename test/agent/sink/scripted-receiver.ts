// A receiver on a real socket that does what a test tells it, frame by frame: what no well-behaved receiver would do.

import { once } from 'node:events';
import net from 'node:net';
import type { ExecutionContext } from 'ava';
import type { Address } from '../../../agent/config/address.ts';
import {
  encodeHeader,
  encodeMessage,
  type Frame,
  type FrameHeader,
  FrameParser,
  FrameType,
} from '../../../agent/wire/frame.ts';
import { type Hello, parseHello, type Welcome } from '../../../agent/wire/handshake.ts';

const MiB = 2 ** 20;

export class Peer {
  readonly socket: net.Socket;
  readonly frames: Frame[] = [];
  hello: Hello | null = null;
  #news = Promise.withResolvers<void>();

  constructor(socket: net.Socket) {
    this.socket = socket;
    const parser = new FrameParser({ messageBytesMax: MiB, batchBytesMax: 64 * MiB });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#tell());
    socket.on('data', (chunk: Buffer) => {
      for (const { header, body } of parser.push(chunk)) {
        const frame = { header, body: Buffer.from(body) };
        if (header.type === FrameType.hello) this.hello = parseHello(frame);
        else this.frames.push(frame);
      }
      this.#tell();
    });
  }

  get closed(): boolean {
    return this.socket.destroyed;
  }

  /** Frames that carry data: beats may come at any time. */
  get data(): readonly Frame[] {
    return this.frames.filter(
      ({ header }) => header.type === FrameType.batch || header.type === FrameType.skip,
    );
  }

  get text(): string {
    return this.data.map(({ body }) => body.toString()).join('');
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#news.promise;
  }

  welcome(fields: Partial<Welcome> = {}, credit = MiB): void {
    const welcome: Welcome = {
      protocol: 1,
      instance: 'scripted',
      version: '1',
      has: null,
      hasEvents: 0,
      last: null,
      batchBytesMax: MiB,
      peerTimeoutMs: 10_000,
      ...fields,
    };
    this.socket.write(encodeMessage(FrameType.welcome, welcome, credit));
  }

  refuse(code: string): void {
    this.socket.write(encodeMessage(FrameType.refuse, { code, message: `no: ${code}` }));
  }

  say(header: Partial<FrameHeader> & { readonly type: FrameType }): void {
    this.socket.write(encodeHeader(header));
  }

  ack(to: number, credit = 0): void {
    this.say({ type: FrameType.ack, to, credit });
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

export class ScriptedReceiver {
  readonly address: Address;
  readonly #server: net.Server;
  readonly #peers: Peer[] = [];
  #news = Promise.withResolvers<void>();

  private constructor(server: net.Server, address: Address) {
    this.#server = server;
    this.address = address;
    server.on('connection', (socket) => {
      this.#peers.push(new Peer(socket));
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    });
  }

  static async open(t: ExecutionContext): Promise<ScriptedReceiver> {
    const server = net.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('not a tcp server');
    const receiver = new ScriptedReceiver(server, { host: '127.0.0.1', port: bound.port });
    t.teardown(() => receiver.close());
    return receiver;
  }

  get connections(): number {
    return this.#peers.length;
  }

  /** The connection of that number, from 0, once it has said hello. */
  async peer(number: number): Promise<Peer> {
    while (this.#peers.length <= number) await this.#news.promise;
    const peer = this.#peers[number];
    if (peer === undefined) throw new Error('no such connection');
    await peer.until(() => peer.hello !== null || peer.closed);
    return peer;
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.#peers) socket.destroy();
  }
}
