// The listening source: takes connections from other agents and appends what they send.

import net from 'node:net';
import type { Logger } from 'pino';
import { type Address, formatAddress } from '../config/address.ts';
import { fromSystemError } from '../errors.ts';
import type { SourceSnapshot } from '../http/snapshot.ts';
import type { EventLog } from '../log/log.ts';
import { adopt } from '../wire/adopt.ts';
import { Slabs } from '../wire/slabs.ts';
import { Inbound, type InboundOptions } from './inbound.ts';
import { Lanes, type LanesOptions } from './lanes.ts';
import { ReceiveCounters } from './receive-counters.ts';

export interface ListenOptions extends InboundOptions, LanesOptions {
  readonly address: Address;
  readonly connectionsMax: number;
}

/** Reasons that end a connection without anyone having done anything wrong. */
const ORDINARY = new Set(['bye', 'stopped', 'disconnected', 'superseded']);
const READ_BYTES = 256 * 1024;
const LOG_EVERY_MS = 10_000;
/** A sender that is refused tries again within seconds: this long after the last time it has given up, or was let in. */
const REFUSED_MS = 60_000;

export class ListenSource {
  readonly #options: ListenOptions;
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #server: net.Server;
  readonly #lanes: Lanes;
  readonly #slabs: Slabs;
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #counters: ReceiveCounters;
  readonly #connections = new Set<Inbound>();
  readonly #outcomes = new Map<string, number>([['accepted', 0]]);
  readonly #loggedAt = new Map<string, number>();
  #closing: Promise<void> | null = null;

  constructor(options: ListenOptions, log: EventLog, logger: Logger) {
    this.#options = options;
    this.#log = log;
    this.#logger = logger.child({ source: options.name });
    this.#lanes = new Lanes(log, options);
    this.#counters = new ReceiveCounters(log.counts(options.name));
    this.#slabs = new Slabs(options.windowBytes);
    this.#server = net.createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  /** @throws SpillwayError `address-in-use`, or what else the address has against it. */
  async open(): Promise<void> {
    const { address } = this.#options;
    const listening = Promise.withResolvers<void>();
    this.#server.once('error', listening.reject);
    this.#server.listen({ ...address, backlog: 511 }, listening.resolve);
    try {
      await listening.promise;
    } catch (cause) {
      throw fromSystemError(`cannot listen on ${formatAddress(address)}`, cause);
    }
    this.#server.removeListener('error', listening.reject);
    // an accept that fails (no descriptors left) costs that connection only
    this.#server.on('error', (err) => this.#logger.warn({ err }, 'cannot take a connection'));
    this.#logger.info({ address: formatAddress(this.address) }, 'listening');
  }

  /** Where it really listens: the port the system picked, where the configuration says 0. */
  get address(): Address {
    const bound = this.#server.address();
    return bound !== null && typeof bound === 'object'
      ? { host: bound.address, port: bound.port }
      : this.#options.address;
  }

  /** Why somebody must act, or null. */
  get problem(): string | null {
    const { name, peersMax } = this.#options;
    const { refusedAtMs } = this.#lanes;
    if (refusedAtMs === null || Date.now() - refusedAtMs > REFUSED_MS) return null;
    return `${name} refuses new senders: it remembers ${peersMax} already, raise its peersMax`;
  }

  snapshot(): SourceSnapshot {
    const { name } = this.#options;
    return {
      name,
      type: 'listen',
      ...this.#counters.snapshot(this.#log.counts(name)),
      connections: Object.fromEntries(this.#outcomes),
    };
  }

  /** Takes nothing more, waits for what was taken to be durable and acknowledged. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  /** Resolves when the log has settled all that it was given. */
  settled(): Promise<void> {
    return this.#counters.quiet();
  }

  async #shut(): Promise<void> {
    this.#server.close();
    await Promise.all(
      [...this.#connections].map(async (connection) => {
        await connection.close();
        await connection.closed;
      }),
    );
  }

  #accept(accepted: net.Socket): void {
    if (this.#connections.size >= this.#options.connectionsMax || this.#closing !== null) {
      this.#count('too-many-connections');
      accepted.destroy();
      return;
    }
    this.#count('accepted');
    const socket = adopt(accepted, this.#readBuffer, (chunk) => connection.take(chunk));
    const connection = new Inbound(socket, {
      log: this.#log,
      lanes: this.#lanes,
      counters: this.#counters,
      slabs: this.#slabs,
      options: this.#options,
    });
    this.#connections.add(connection);
    void connection.closed.then(({ reason, error }) => {
      this.#connections.delete(connection);
      this.#count(reason);
      this.#report(connection, reason, error);
    });
  }

  #count(outcome: string): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
  }

  /** At most one line for each reason every ten seconds: strangers must not fill the disk with our log. */
  #report(connection: Inbound, reason: string, error: Error | null): void {
    const now = performance.now();
    if (now - (this.#loggedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return;
    this.#loggedAt.set(reason, now);
    const data = { peer: connection.peer, from: connection.lane?.instance, reason, detail: error?.message };
    if (ORDINARY.has(reason)) this.#logger.info(data, 'connection ended');
    else this.#logger.warn(data, 'connection closed');
  }
}
