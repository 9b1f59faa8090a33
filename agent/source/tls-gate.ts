// TLS before a listener: a connection comes out with a certificate that the authority vouches for and that is allowed,
// or it is closed. How many handshakes there are in a second is bounded, because each costs a millisecond of the process
// that also serves those who are through.

import type net from 'node:net';
import tls from 'node:tls';
import type { Logger } from 'pino';
import type { ListenTls } from '../config/link.ts';
import { type Identity, namesIn, readIdentity, TLS_OPTIONS } from '../wire/identity.ts';
import { Kept } from '../wire/kept.ts';

export interface TlsGateOptions extends ListenTls {
  readonly handshakeTimeoutMs: number;
}

/** What a handshake came to. A connection that fails is closed by TLS itself. */
export type Passed = { readonly socket: tls.TLSSocket } | { readonly refused: string };

const LOG_EVERY_MS = 60_000;

export class TlsGate {
  readonly #options: TlsGateOptions;
  readonly #logger: Logger;
  readonly #identity: Kept<Identity>;
  /** Handshakes under way, by where they come from. */
  readonly #under = new Map<string, (passed: Passed) => void>();
  #server: tls.Server | null = null;
  #timer: NodeJS.Timeout | null = null;
  #inUse: Identity | null = null;
  #permits: number;
  #permitsAt = performance.now();
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: TlsGateOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#permits = options.handshakesPerSecondMax;
    this.#identity = new Kept(
      () => readIdentity(options),
      (error) => logger.warn({ detail: error.message }, 'a new certificate is not used, the old one stays'),
    );
  }

  /** @throws SpillwayError `config` where the certificate cannot be used. */
  async open(): Promise<void> {
    this.#inUse = await this.#identity.refresh();
    const { cert, key, ca } = this.#inUse;
    const { handshakeTimeoutMs: handshakeTimeout, reloadMs } = this.#options;
    this.#server = tls.createServer({ ...TLS_OPTIONS, cert, key, ca, handshakeTimeout });
    this.#server.on('secureConnection', (socket) => this.#secure(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      this.#report(error);
      // TLS itself closes what failed, and not what only took too long
      socket.destroy();
    });
    this.#timer = setInterval(() => void this.#reload(), reloadMs);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** @returns null where there were too many handshakes in this second */
  take(raw: net.Socket, onPassed: (passed: Passed) => void): 'begun' | null {
    if (this.#server === null || !this.#permit()) return null;
    const from = fromOf(raw);
    this.#under.set(from, onPassed);
    raw.once('close', () => this.#under.delete(from));
    this.#server.emit('connection', raw);
    return 'begun';
  }

  #secure(socket: tls.TLSSocket): void {
    const from = fromOf(socket);
    const onPassed = this.#under.get(from);
    this.#under.delete(from);
    if (onPassed === undefined) socket.destroy();
    else if (this.#isAllowed(socket)) onPassed({ socket });
    else {
      this.#report(new Error('the certificate of the peer is not one of those allowed'));
      onPassed({ refused: 'not-authorized' });
      socket.destroy();
    }
  }

  #isAllowed(socket: tls.TLSSocket): boolean {
    const { allow } = this.#options;
    if (allow === undefined) return true;
    const names = namesIn(socket.getPeerCertificate());
    return allow.some((name) => names.has(name));
  }

  /** A bucket that fills up within a second. */
  #permit(): boolean {
    const { handshakesPerSecondMax } = this.#options;
    const now = performance.now();
    const earned = ((now - this.#permitsAt) / 1000) * handshakesPerSecondMax;
    this.#permits = Math.min(handshakesPerSecondMax, this.#permits + earned);
    this.#permitsAt = now;
    if (this.#permits < 1) return false;
    this.#permits--;
    return true;
  }

  /** New connections get what is in the files now. */
  async #reload(): Promise<void> {
    const identity = await this.#identity.refresh();
    const was = this.#inUse;
    if (was !== null && was.cert === identity.cert && was.key === identity.key && was.ca === identity.ca)
      return;
    this.#inUse = identity;
    const { cert, key, ca, notAfter } = identity;
    this.#server?.setSecureContext({ ...TLS_OPTIONS, cert, key, ca });
    this.#logger.info({ notAfter }, 'a new certificate is used from now on');
  }

  #report(error: Error): void {
    const now = performance.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    this.#logger.warn({ detail: error.message }, 'a connection was closed before TLS let it in');
  }
}

function fromOf({ remoteAddress, remotePort }: net.Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
