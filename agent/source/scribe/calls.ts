// What a call gets as its answer. A Log call is OK when all its events are durable in the log, TRY_LATER when the log
// did not take all of them, or cannot take them now; nothing of one that is malformed goes to the log.

import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '../../log/log.ts';
import { protocolError } from '../../wire/frame.ts';
import type { Frame } from '../../wire/scribe/frames.ts';
import { LOG, logReply, ResultCode, readLogCall, reply, unknownMethod } from '../../wire/scribe/log-call.ts';
import { type MessageHeader, MessageType, struct, ThriftReader } from '../../wire/scribe/thrift.ts';
import { type Categories, SortedCall } from './categories.ts';
import { fb303Result, type ServiceFacts } from './fb303.ts';

export interface CallsOptions {
  readonly messagesMax: number;
  readonly waitMs: number;
}

export interface CallsParts {
  readonly log: EventLog;
  readonly categories: Categories;
  readonly options: CallsOptions;
  readonly facts: () => ServiceFacts;
  /** The configuration is to be read again. */
  readonly onReload: () => void;
  /** Told what became of a call, as a word for a counter. */
  readonly onCall: (outcome: string) => void;
}

/** How often it is looked whether the log has room again. */
const LOOK_EVERY_MS = 20;

export class Calls {
  readonly #parts: CallsParts;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /**
   * Reads the call at once; the answer, null where none is wanted, comes when it is known.
   * @throws SpillwayError `protocol`
   */
  take({ bytes, isWhole }: Frame): Promise<Buffer | null> {
    const reader = new ThriftReader(bytes);
    const call = reader.message();
    if (call.type !== MessageType.call && call.type !== MessageType.oneway)
      throw protocolError('unexpected-message', `a message of type ${call.type} is not for a server`);
    const answer = this.#answer(call, reader, isWhole);
    return call.type === MessageType.oneway ? answer.then(() => null) : answer;
  }

  #answer(call: MessageHeader, args: ThriftReader, isWhole: boolean): Promise<Buffer> {
    const { onCall, onReload, facts } = this.#parts;
    if (call.name === LOG) {
      if (isWhole) return this.#log(call, args);
      return Promise.resolve(this.#tryLater(call, 'window'));
    }
    if (!isWhole) throw protocolError('oversized', `a call of ${call.name} is too large for the window`);
    if (call.name === 'reinitialize' || call.name === 'shutdown') {
      onCall(call.name);
      // who may talk to us may not stop us
      if (call.name === 'reinitialize') onReload();
      return Promise.resolve(reply(call, struct()));
    }
    const result = fb303Result(call.name, args, facts);
    onCall(result === null ? 'unknown-method' : 'fb303');
    return Promise.resolve(result === null ? unknownMethod(call) : reply(call, result));
  }

  #log(call: MessageHeader, args: ThriftReader): Promise<Buffer> {
    const { categories, options } = this.#parts;
    const sorted = new SortedCall();
    readLogCall(args, options.messagesMax, categories.sorter(args.bytes, sorted));
    return this.#append(call, sorted);
  }

  async #append(call: MessageHeader, sorted: SortedCall): Promise<Buffer> {
    const { log, categories, onCall } = this.#parts;
    if (!log.takes(sorted.bytes) && !(await this.#roomFor(sorted.bytes))) {
      return this.#tryLater(call, log.facts().state === 'failing' ? 'failing' : 'full');
    }
    try {
      await categories.take(sorted);
    } catch {
      // the log says what is wrong with it
      return this.#tryLater(call, 'failing');
    }
    onCall('ok');
    return logReply(call, ResultCode.ok);
  }

  #tryLater(call: MessageHeader, why: 'window' | 'failing' | 'full'): Buffer {
    this.#parts.onCall(`try-later-${why}`);
    return logReply(call, ResultCode.tryLater);
  }

  /** A client that is told to try later may stay away for minutes: what passes within waitMs is not told. */
  async #roomFor(bytes: number): Promise<boolean> {
    const { log, options } = this.#parts;
    const until = performance.now() + options.waitMs;
    while (performance.now() < until) {
      await sleep(LOOK_EVERY_MS);
      if (log.takes(bytes)) return true;
    }
    return false;
  }
}
