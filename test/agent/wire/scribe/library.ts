// Apache Thrift's own library with the stubs that its compiler would make of scribe.thrift and fb303.thrift: what we
// speak is held against it, as client and as server, strict and not.

import { once } from 'node:events';
import { createRequire } from 'node:module';
import type net from 'node:net';
import type { ExecutionContext } from 'ava';

interface Field {
  readonly ftype: number;
  readonly fid: number;
}

/** Of its protocols, what the stubs need. */
interface Protocol {
  writeMessageBegin(name: string, type: number, sequence: number): void;
  writeMessageEnd(): void;
  writeStructBegin(name: string): void;
  writeStructEnd(): void;
  writeFieldBegin(name: string, type: number, id: number): void;
  writeFieldEnd(): void;
  writeFieldStop(): void;
  writeListBegin(type: number, size: number): void;
  writeListEnd(): void;
  writeString(text: string | Buffer): void;
  writeI32(value: number): void;
  flush(): void;
  readMessageBegin(): { readonly fname: string; readonly mtype: number; readonly rseqid: number };
  readMessageEnd(): void;
  readStructBegin(): void;
  readStructEnd(): void;
  readFieldBegin(): Field;
  readFieldEnd(): void;
  readListBegin(): { readonly size: number };
  readListEnd(): void;
  readMapBegin(): { readonly size: number };
  readMapEnd(): void;
  readBinary(): Buffer;
  readString(): string;
  readI32(): number;
  readI64(): { toNumber(): number };
  skip(type: number): void;
}

type ProtocolClass = new (transport: unknown, strictRead?: boolean, strictWrite?: boolean) => Protocol;
interface Connection extends NodeJS.EventEmitter {
  end(): void;
}

interface Library {
  readonly TFramedTransport: unknown;
  readonly TBinaryProtocol: ProtocolClass;
  readonly Thrift: {
    readonly Type: Readonly<Record<'STOP' | 'STRING' | 'STRUCT' | 'LIST' | 'I32' | 'I64' | 'MAP', number>>;
    readonly MessageType: Readonly<Record<'CALL' | 'REPLY' | 'EXCEPTION' | 'ONEWAY', number>>;
    readonly TApplicationException: new () => Error & { read(input: Protocol): void; readonly type: number };
  };
  createConnection(host: string, port: number, options: object): Connection;
  createClient<T>(
    stub: { Client: new (output: object, protocol: ProtocolClass) => T },
    connection: Connection,
  ): T;
  createServer(processor: new (handler: Handler) => unknown, handler: Handler, options: object): net.Server;
}

const library = createRequire(import.meta.url)('thrift') as Library;
const { Type, MessageType, TApplicationException } = library.Thrift;

export interface Entry {
  readonly category: string;
  readonly message: string | Buffer;
}

type Result = number | string | ReadonlyMap<string, number>;
type Waiting = (error: Error | null, result: Result | null) => void;

/** As `thrift --gen js:node` writes it, for the methods of Scribe and those of fb303 that scribe_ctrl calls. */
class Client {
  readonly _reqs: Record<number, Waiting> = {};
  readonly #output: object;
  readonly #protocol: ProtocolClass;
  #sequence = 0;

  constructor(output: object, protocol: ProtocolClass) {
    this.#output = output;
    this.#protocol = protocol;
    for (const name of [...METHODS, 'Log', 'nonsense']) {
      Object.defineProperty(this, `recv_${name}`, { value: this.#receive.bind(this) });
    }
  }

  seqid(): number {
    return this.#sequence;
  }

  log(entries: readonly Entry[]): Promise<Result> {
    return this.#call('Log', (output) => {
      output.writeFieldBegin('messages', Type.LIST, 1);
      output.writeListBegin(Type.STRUCT, entries.length);
      for (const { category, message } of entries) {
        output.writeStructBegin('LogEntry');
        output.writeFieldBegin('category', Type.STRING, 1);
        output.writeString(category);
        output.writeFieldEnd();
        output.writeFieldBegin('message', Type.STRING, 2);
        output.writeString(message);
        output.writeFieldEnd();
        output.writeFieldStop();
        output.writeStructEnd();
      }
      output.writeListEnd();
      output.writeFieldEnd();
    });
  }

  call(method: string): Promise<Result> {
    return this.#call(method, () => undefined);
  }

  counter(key: string): Promise<Result> {
    return this.#call('getCounter', (output) => {
      output.writeFieldBegin('key', Type.STRING, 1);
      output.writeString(key);
      output.writeFieldEnd();
    });
  }

  /** No answer comes. */
  oneway(method: string): void {
    this.#send(method, MessageType.ONEWAY, () => undefined);
  }

  #call(method: string, writeArguments: (output: Protocol) => void): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#sequence++;
    this._reqs[this.#sequence] = (error, result) => {
      if (error !== null || result === null) reject(error ?? new Error(`${method} gave nothing`));
      else resolve(result);
    };
    this.#send(method, MessageType.CALL, writeArguments);
    return promise;
  }

  #send(method: string, type: number, writeArguments: (output: Protocol) => void): void {
    const output = new this.#protocol(this.#output);
    output.writeMessageBegin(method, type, this.#sequence);
    output.writeStructBegin(`${method}_args`);
    writeArguments(output);
    output.writeFieldStop();
    output.writeStructEnd();
    output.writeMessageEnd();
    output.flush();
  }

  #receive(input: Protocol, type: number, sequence: number): void {
    const waiting = this._reqs[sequence];
    delete this._reqs[sequence];
    if (type === MessageType.EXCEPTION) {
      const exception = new TApplicationException();
      exception.read(input);
      input.readMessageEnd();
      waiting?.(exception, null);
      return;
    }
    waiting?.(null, readResult(input));
  }
}

const METHODS = [
  ...['getName', 'getVersion', 'getStatus', 'getStatusDetails', 'getCounters', 'getCounter', 'aliveSince'],
  ...['shutdown', 'reinitialize'],
];

function readResult(input: Protocol): Result | null {
  let result: Result | null = null;
  input.readStructBegin();
  for (let field = input.readFieldBegin(); field.ftype !== Type.STOP; field = input.readFieldBegin()) {
    if (field.ftype === Type.I32) result = input.readI32();
    else if (field.ftype === Type.I64) result = input.readI64().toNumber();
    else if (field.ftype === Type.STRING) result = input.readString();
    else if (field.ftype === Type.MAP) result = readCounters(input);
    else input.skip(field.ftype);
    input.readFieldEnd();
  }
  input.readStructEnd();
  input.readMessageEnd();
  return result;
}

function readCounters(input: Protocol): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  for (let left = input.readMapBegin().size; left > 0; left--) {
    const name = input.readString();
    counters.set(name, input.readI64().toNumber());
  }
  input.readMapEnd();
  return counters;
}

class NonStrict extends library.TBinaryProtocol {
  constructor(transport: unknown) {
    super(transport, false, false);
  }
}

export async function scribeClient(
  t: ExecutionContext,
  { host, port }: { host: string; port: number },
  { strict = true } = {},
): Promise<Client> {
  const protocol = strict ? library.TBinaryProtocol : NonStrict;
  const connection = library.createConnection(host, port, { transport: library.TFramedTransport, protocol });
  // what breaks off is told to those who wait for an answer, or to nobody
  connection.on('error', () => undefined);
  t.teardown(() => connection.end());
  await once(connection, 'connect');
  return library.createClient({ Client }, connection);
}

/** Answers a call of Log with the number of a ResultCode. */
export type Handler = (entries: readonly { category: string; message: Buffer }[]) => number;

class Processor {
  readonly #handler: Handler;

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  process(input: Protocol, output: Protocol): void {
    const { fname, rseqid } = input.readMessageBegin();
    const entries = readEntries(input);
    input.readMessageEnd();
    output.writeMessageBegin(fname, MessageType.REPLY, rseqid);
    output.writeStructBegin('Log_result');
    output.writeFieldBegin('success', Type.I32, 0);
    output.writeI32(this.#handler(entries));
    output.writeFieldEnd();
    output.writeFieldStop();
    output.writeStructEnd();
    output.writeMessageEnd();
    output.flush();
  }
}

function readEntries(input: Protocol): { category: string; message: Buffer }[] {
  const entries: { category: string; message: Buffer }[] = [];
  input.readStructBegin();
  for (let field = input.readFieldBegin(); field.ftype !== Type.STOP; field = input.readFieldBegin()) {
    for (let left = input.readListBegin().size; left > 0; left--) entries.push(readEntry(input));
    input.readListEnd();
    input.readFieldEnd();
  }
  input.readStructEnd();
  return entries;
}

function readEntry(input: Protocol): { category: string; message: Buffer } {
  const entry = { category: '', message: Buffer.alloc(0) };
  input.readStructBegin();
  for (let field = input.readFieldBegin(); field.ftype !== Type.STOP; field = input.readFieldBegin()) {
    if (field.fid === 1) entry.category = input.readString();
    // its buffer is used again for the next frame
    else entry.message = Buffer.from(input.readBinary());
    input.readFieldEnd();
  }
  input.readStructEnd();
  return entry;
}

/** A server of Scribe on a port of its own. */
export async function scribeServer(
  t: ExecutionContext,
  handler: Handler,
): Promise<{ host: string; port: number }> {
  const options = { transport: library.TFramedTransport, protocol: library.TBinaryProtocol };
  const server = library.createServer(Processor, handler, options);
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  return { host: '127.0.0.1', port: bound.port };
}
