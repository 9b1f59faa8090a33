// The listening source: takes connections from other agents and appends what they send.

import net from 'node:net';
import type { Logger } from 'pino';
import { type Address, formatAddress } from '../config/address.ts';
import type { ListenTls } from '../config/link.ts';
import type { SourceSnapshot } from '../http/snapshot.ts';
import type { EventLog } from '../log/log.ts';
import { adopt } from '../wire/adopt.ts';
import type { IdentityInUse } from '../wire/identity-in-use.ts';
import { Kept } from '../wire/kept.ts';
import { Slabs } from '../wire/slabs.ts';
import { readToken, TOKEN_STAYS } from '../wire/token.ts';
import { type Complaint, Complaints } from './complaints.ts';
import { Inbound, type InboundOptions } from './inbound.ts';
import { Lanes, type LanesOptions } from './lanes.ts';
import { ReceiveCounters } from './receive-counters.ts';
import { boundAddress, listenAt, peerOf } from './server.ts';
import { type Refused, TlsGate } from './tls-gate.ts';
import { WaitingRoom } from './waiting-room.ts';

export interface ListenOptions extends InboundOptions, LanesOptions {
  readonly address: Address;
  readonly connectionsMax: number;
  readonly handshakesMax: number;
  readonly tls?: Omit<ListenTls, 'expiryWarningMs'> | undefined;
  readonly tokenFile?: string | undefined;
}

/** Reasons that end a connection without anyone having done anything wrong. */
const ORDINARY = new Set(['bye', 'stopped', 'disconnected', 'superseded']);
const READ_BYTES = 256 * 1024;
const LOG_EVERY_MS = 10_000;
/** Who may not come in can ask as often as they like. */
const LOG_STRANGERS_EVERY_MS = 60_000;
const STRANGERS = new Set([
  'not-authorized',
  'tls',
  'too-many-handshakes',
  'handshake-timeout',
  'not-spillway',
]);
const TOKEN_RELOAD_MS = 10_000;
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
  /** Those of them who have said who they are. */
  readonly #admitted = new Set<Inbound>();
  readonly #waiting: WaitingRoom;
  readonly #gate: TlsGate | null;
  readonly #token: Kept<Buffer> | null;
  #tokenTimer: NodeJS.Timeout | null = null;
  readonly #outcomes = new Map<string, number>([['accepted', 0]]);
  readonly #complaints: Complaints;
  #closing: Promise<void> | null = null;

  constructor(options: ListenOptions, log: EventLog, logger: Logger) {
    this.#options = options;
    this.#log = log;
    this.#logger = logger.child({ source: options.name });
    this.#complaints = new Complaints(this.#logger);
    this.#lanes = new Lanes(log, options);
    this.#counters = new ReceiveCounters(log.counts(options.name));
    this.#slabs = new Slabs(options.windowBytes);
    this.#waiting = new WaitingRoom(options.handshakesMax);
    const { tls, tokenFile, handshakeTimeoutMs } = options;
    this.#gate = tls === undefined ? null : new TlsGate({ ...tls, handshakeTimeoutMs }, this.#logger);
    this.#token = tokenFile === undefined ? null : keptToken(tokenFile, this.#logger);
    // what is read into our own buffer must not be read before
    this.#server = net.createServer({ pauseOnConnect: tls === undefined }, (socket) => this.#accept(socket));
  }

  /** @throws SpillwayError `address-in-use`, or what else the address has against it. */
  async open(): Promise<void> {
    try {
      await this.#gate?.open();
      await this.#token?.refresh();
      await listenAt(this.#server, this.#options.address, this.#logger);
    } catch (error) {
      this.#gate?.close();
      throw error;
    }
    if (this.#token !== null)
      this.#tokenTimer = setInterval(() => void this.#token?.refresh(), TOKEN_RELOAD_MS);
    this.#logger.info({ address: formatAddress(this.address) }, 'listening');
  }

  get name(): string {
    return this.#options.name;
  }

  /** Where it really listens: the port the system picked, where the configuration says 0. */
  get address(): Address {
    return boundAddress(this.#server, this.#options.address);
  }

  /** null: no TLS. */
  get inUse(): IdentityInUse | null {
    const { tls } = this.#options;
    return this.#gate === null || tls === undefined ? null : { files: tls, identity: this.#gate.identity };
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
    this.#gate?.close();
    if (this.#tokenTimer !== null) clearInterval(this.#tokenTimer);

    await Promise.all(
      [...this.#connections].map(async (connection) => {
        await connection.close();
        await connection.closed;
      }),
    );
    this.#waiting.clear();
    this.#complaints.close();
  }

  #accept(accepted: net.Socket): void {
    if (this.#closing !== null) {
      accepted.destroy();
      return;
    }
    this.#count('accepted');
    if (this.#gate === null) this.#serve(accepted, accepted);
    else this.#secure(accepted, this.#gate);
  }

  #secure(raw: net.Socket, gate: TlsGate): void {
    const peer = peerOf(raw);
    let ended: Ended | null = HUNG_UP;
    const release = this.#waiting.enter(() => {
      if (ended === HUNG_UP)
        ended = this.#closing === null ? turnedAway('handshakesMax others came after it') : STOPPED;
      raw.destroy();
    });
    // before and while TLS reads it, what it has to say of its end is said by TLS
    raw.on('error', () => undefined);
    raw.once('close', () => {
      release();
      if (ended === null) return;
      const { refused: reason, kind, detail } = ended;
      this.#count(reason);
      if (ended !== STOPPED) this.#complain({ peer, reason, detail }, `${reason} ${kind}`);
    });
    const begun = gate.take(raw, (passed) => {
      if ('refused' in passed) {
        ended = passed;
        return;
      }
      if (this.#closing !== null) {
        passed.socket.destroy();
        return;
      }
      ended = null;
      release();
      this.#serve(raw, passed.socket);
    });
    if (begun === null) {
      ended = turnedAway('there were handshakesPerSecondMax others in this second');
      raw.destroy();
    }
  }

  /** `socket` is where frames come from: the connection itself, or TLS above it. */
  #serve(raw: net.Socket, through: net.Socket): void {
    const take = (chunk: Buffer) => connection.take(chunk);
    const socket = through === raw ? adopt(raw, this.#readBuffer, take) : through.on('data', take);
    const connection = new Inbound(socket, {
      log: this.#log,
      lanes: this.#lanes,
      counters: this.#counters,
      slabs: this.#slabs,
      options: this.#options,
      token: this.#token?.value ?? null,
      admit: () => {
        if (this.#admitted.size >= this.#options.connectionsMax) return false;
        release();
        this.#admitted.add(connection);
        return true;
      },
    });
    const release = this.#waiting.enter(() => connection.evict());
    this.#connections.add(connection);
    void connection.closed.then(({ reason, error }) => {
      release();
      this.#connections.delete(connection);
      this.#admitted.delete(connection);
      this.#count(reason);
      this.#report(connection, reason, error);
    });
  }

  #count(outcome: string): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
  }

  #report({ peer, lane }: Inbound, reason: string, error: Error | null): void {
    this.#complain({ peer, from: lane?.instance, reason, detail: error?.message }, reason);
  }

  #complain(data: Complaint['data'] & { readonly reason: string }, kind: string) {
    const { reason } = data;
    const everyMs = STRANGERS.has(reason) ? LOG_STRANGERS_EVERY_MS : LOG_EVERY_MS;
    const isOrdinary = ORDINARY.has(reason);
    const [level, text] = isOrdinary
      ? (['info', 'connection ended'] as const)
      : (['warn', 'connection closed'] as const);
    this.#complaints.tell({ kind, level, text, data, everyMs });
  }
}

/** Of a TLS handshake that did not come to its end. */
type Ended = Omit<Refused, 'refused'> & { readonly refused: string };

/** What it is where nothing else is told. */
const HUNG_UP: Ended = {
  refused: 'tls',
  kind: 'handshake',
  detail: 'the peer closed the connection in the TLS handshake',
};
const STOPPED: Ended = { refused: 'stopped', kind: 'handshake', detail: 'this listener stops' };

function turnedAway(detail: string): Ended {
  return { refused: 'too-many-handshakes', kind: 'handshake', detail };
}

function keptToken(file: string, logger: Logger): Kept<Buffer> {
  return new Kept(
    () => readToken(file),
    (error) => logger.warn({ detail: error.message }, TOKEN_STAYS),
  );
}
