// TLS before a listener: a connection comes out with a certificate that the authority vouches for and that is allowed,
// or it is closed. How many handshakes there are in a second is bounded, because each costs a millisecond of the process
// that also serves those who are through.
//
// OpenSSL's verification is asked here and not left to Node (`rejectUnauthorized`), which would close the connection
// without a word: the sender's user would never know why (turn-away.ts). So nothing is let through before
// `#faultOf` has said null. Sessions are not resumed: a ticket of a connection that was turned away, or whose certificate
// has expired since, would count as verified.

import { constants } from 'node:crypto';
import type net from 'node:net';
import tls from 'node:tls';
import type { Logger } from 'pino';
import type { ListenTls } from '../config/link.ts';
import { describeSystemError } from '../errors.ts';
import { type CertificateFault, faultOfPeer, saidOfPeer } from '../wire/certificate-fault.ts';
import { IDENTITY_STAYS, type Identity, keepIdentity, TLS_OPTIONS } from '../wire/identity.ts';
import type { Kept } from '../wire/kept.ts';
import { namesIn } from '../wire/peer-name.ts';
import { Permits } from './permits.ts';
import { turnAway } from './turn-away.ts';

export type TlsGateOptions = Omit<ListenTls, 'expiryWarningMs'> & { readonly handshakeTimeoutMs: number };

/** Why a connection does not come through; it is closed, or about to be. */
export interface Refused {
  /** A word for a counter. */
  readonly refused: 'tls' | 'not-authorized';
  /** More exactly, one of a few words. */
  readonly kind: CertificateFault | 'handshake';
  readonly detail: string;
}

export type Passed = { readonly socket: tls.TLSSocket } | Refused;

/** A handshake under way. */
interface Entry {
  readonly onPassed: (passed: Passed) => void;
}

export class TlsGate {
  readonly #options: TlsGateOptions;
  readonly #logger: Logger;
  readonly #identity: Kept<Identity>;
  readonly #permits: Permits;
  /** Handshakes under way, by both ends of the connection: no two that live have both in common. */
  readonly #under = new Map<string, Entry>();
  #server: tls.Server | null = null;
  #timer: NodeJS.Timeout | null = null;
  #inUse: Identity | null = null;

  constructor(options: TlsGateOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#permits = new Permits(options.handshakesPerSecondMax);
    this.#identity = keepIdentity(options, (error) => logger.warn({ detail: error.message }, IDENTITY_STAYS));
  }

  /** @throws SpillwayError `config` where the certificate cannot be used. */
  async open(): Promise<void> {
    this.#inUse = await this.#identity.refresh();
    const { handshakeTimeoutMs: handshakeTimeout, reloadMs } = this.#options;
    this.#server = tls.createServer({
      ...contextOf(this.#inUse),
      handshakeTimeout,
      requestCert: true,
      rejectUnauthorized: false,
    });
    this.#server.on('secureConnection', (socket) => this.#secure(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      const detail = describeSystemError(error);
      this.#take(socket)?.onPassed({ refused: 'tls', kind: 'handshake', detail });
      // TLS itself closes what failed, and not what only took too long
      socket.destroy();
    });
    this.#timer = setInterval(() => void this.#reload(), reloadMs);
  }

  /** What new connections get; null: it is not open. */
  get identity(): Identity | null {
    return this.#inUse;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /**
   * @param onPassed told what becomes of it, at most once; of one that ends in the middle of its handshake, nothing
   * @returns null where there were too many handshakes in this second
   */
  take(raw: net.Socket, onPassed: (passed: Passed) => void): 'begun' | null {
    if (this.#server === null || !this.#permits.take()) return null;
    const ends = endsOf(raw);
    const entry: Entry = { onPassed };
    this.#under.set(ends, entry);
    raw.once('close', () => {
      // a later connection may have the same ends, and begin before this is told
      if (this.#under.get(ends) === entry) this.#under.delete(ends);
    });
    this.#server.emit('connection', raw);
    return 'begun';
  }

  #secure(socket: tls.TLSSocket): void {
    const entry = this.#take(socket);
    if (entry === null) {
      socket.destroy();
      return;
    }
    const fault = this.#faultOf(socket);
    if (fault === null) {
      entry.onPassed({ socket });
      return;
    }
    const refused = fault === 'not-allowed' ? 'not-authorized' : 'tls';
    entry.onPassed({ refused, kind: fault, detail: saidOfPeer(fault) });
    turnAway(socket, fault, this.#options.handshakeTimeoutMs);
  }

  #take(socket: tls.TLSSocket): Entry | null {
    const ends = endsOf(socket);
    const entry = this.#under.get(ends) ?? null;
    this.#under.delete(ends);
    return entry;
  }

  /** Null: it may pass. */
  #faultOf(socket: tls.TLSSocket): CertificateFault | null {
    const fault = faultOfPeer(socket);
    if (fault !== null) return fault;
    const { allow } = this.#options;
    if (allow === undefined) return null;
    const names = namesIn(socket.getPeerCertificate());
    return allow.some((name) => names.has(name)) ? null : 'not-allowed';
  }

  /** New connections get what is in the files now. */
  async #reload(): Promise<void> {
    const identity = await this.#identity.refresh();
    if (this.#inUse === identity) return;
    this.#inUse = identity;
    this.#server?.setSecureContext(contextOf(identity));
    const notAfter = new Date(identity.own.notAfterMs);
    this.#logger.info({ notAfter }, 'a new certificate is used from now on');
  }
}

function contextOf({ cert, key, ca }: Identity) {
  return { ...TLS_OPTIONS, cert, key, ca, secureOptions: constants.SSL_OP_NO_TICKET };
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: net.Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
