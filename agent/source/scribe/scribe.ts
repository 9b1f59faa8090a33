// The Scribe source: clients of Scribe (or another agent's Scribe destination) connect and send Log calls.
//
// At least once: Scribe's protocol has no positions, so a client that did not get its answer sends a call again, and its
// events are here twice. Nothing that was answered OK is lost.

import net from 'node:net';
import type { Logger } from 'pino';
import { type Address, formatAddress } from '../../config/address.ts';
import type { SourceSnapshot } from '../../http/snapshot.ts';
import type { EventLog } from '../../log/log.ts';
import { boundAddress, listenAt } from '../server.ts';
import { Calls, type CallsOptions } from './calls.ts';
import { Categories, type CategoriesOptions } from './categories.ts';
import { type ConnectionEnd, type ConnectionOptions, ScribeConnection } from './connection.ts';
import type { ServiceFacts } from './fb303.ts';
import { Window } from './window.ts';

export interface ScribeSourceOptions extends CategoriesOptions, ConnectionOptions, CallsOptions {
  readonly instance: string;
  readonly version: string;
  readonly address: Address;
  readonly connectionsMax: number;
  readonly windowBytes: number;
}

/** Reasons that end a connection without anyone having done anything wrong. */
const ORDINARY = new Set(['stopped', 'disconnected']);
const LOG_EVERY_MS = 10_000;

export class ScribeSource {
  readonly #options: ScribeSourceOptions;
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #server: net.Server;
  readonly #categories: Categories;
  readonly #calls: Calls;
  readonly #window: Window;
  readonly #connections = new Set<ScribeConnection>();
  readonly #outcomes = new Map<string, number>([['accepted', 0]]);
  readonly #callOutcomes = new Map<string, number>();
  readonly #loggedAt = new Map<string, number>();
  readonly #sinceMs = Date.now();
  #closing: Promise<void> | null = null;

  constructor(options: ScribeSourceOptions, parts: { log: EventLog; logger: Logger; onReload: () => void }) {
    const { log, logger, onReload } = parts;
    this.#options = options;
    this.#log = log;
    this.#logger = logger.child({ source: options.name });
    this.#categories = new Categories(log, options);
    this.#window = new Window(options.windowBytes);
    this.#calls = new Calls({
      log,
      categories: this.#categories,
      options,
      facts: () => this.#facts(),
      onReload,
      onCall: (outcome) => count(this.#callOutcomes, outcome),
    });
    // a client that has sent all and closes its end still gets its answers
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** @throws SpillwayError `address-in-use`, or what else the address has against it. */
  async open(): Promise<void> {
    await listenAt(this.#server, this.#options.address, this.#logger);
    this.#logger.info({ address: formatAddress(this.address) }, 'listening for Scribe clients');
  }

  /** Where it really listens: the port the system picked, where the configuration says 0. */
  get address(): Address {
    return boundAddress(this.#server, this.#options.address);
  }

  /** Why somebody must act: what could be wrong is the log's, and told there. */
  get problem(): string | null {
    return null;
  }

  /** One for the source itself, with its connections and calls, and one for each category that is listed. */
  snapshots(): readonly SourceSnapshot[] {
    const connections = Object.fromEntries(this.#outcomes);
    const calls = Object.fromEntries(this.#callOutcomes);
    return this.#categories.all.map((category, index) =>
      index === 0 ? { ...category.snapshot(), connections, calls } : category.snapshot(),
    );
  }

  /** Takes nothing more, waits for what was taken to be durable and answered. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  /** Resolves when the log has settled all that it was given. */
  async settled(): Promise<void> {
    await Promise.all(this.#categories.all.map((category) => category.settled()));
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

  #accept(socket: net.Socket): void {
    if (this.#connections.size >= this.#options.connectionsMax || this.#closing !== null) {
      count(this.#outcomes, 'too-many-connections');
      socket.destroy();
      return;
    }
    count(this.#outcomes, 'accepted');
    const parts = { calls: this.#calls, window: this.#window, options: this.#options };
    const connection = new ScribeConnection(socket, parts);
    this.#connections.add(connection);
    void connection.closed.then((end) => {
      this.#connections.delete(connection);
      count(this.#outcomes, end.reason);
      this.#report(connection.peer, end);
    });
  }

  #facts(): ServiceFacts {
    const { state, reason } = this.#log.facts();
    const { instance: name, version } = this.#options;
    const stopping = this.#closing !== null;
    return {
      name,
      version,
      status: stopping ? 'stopping' : state === 'ok' ? 'alive' : 'warning',
      details: state === 'ok' ? '' : `the log takes nothing: ${reason}`,
      counters: this.#counters(),
      aliveSinceSeconds: Math.floor(this.#sinceMs / 1000),
    };
  }

  /** Under the names that scribed gives them. */
  #counters(): Map<string, number> {
    const snapshots = this.snapshots();
    const counters = new Map<string, number>();
    let good = 0;
    for (const { name, appended, quarantined } of snapshots) {
      good += appended.events;
      counters.set(`${name}:received good`, appended.events);
      counters.set(`${name}:received bad`, quarantined.events);
    }
    counters.set('scribe_overall:received good', good);
    const denied = ['window', 'full', 'failing'].map(
      (why) => this.#callOutcomes.get(`try-later-${why}`) ?? 0,
    );
    counters.set(
      'scribe_overall:denied for queue size',
      denied.reduce((sum, calls) => sum + calls, 0),
    );
    return counters;
  }

  /** At most one line for each reason every ten seconds: strangers must not fill the disk with our log. */
  #report(peer: string, { reason, error }: ConnectionEnd): void {
    const now = performance.now();
    if (now - (this.#loggedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return;
    this.#loggedAt.set(reason, now);
    const data = { peer, reason, detail: error?.message };
    if (ORDINARY.has(reason)) this.#logger.info(data, 'connection ended');
    else this.#logger.warn(data, 'connection closed');
  }
}

function count(counts: Map<string, number>, outcome: string): void {
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
}
