// How a connection of a destination is protected: TLS where it is configured, a token where there is one. The files are
// looked at before every connection, so that a new certificate is used from the next one on.

import net from 'node:net';
import tls from 'node:tls';
import type { Address } from '../config/address.ts';
import type { DestinationTls } from '../config/link.ts';
import { type Identity, TLS_OPTIONS } from '../wire/identity.ts';
import { Packer } from '../wire/packing.ts';
import { nameFault } from '../wire/peer-name.ts';
import type { Credentials } from './credentials.ts';
import { dial, type Opening } from './dial.ts';
import { tlsFault } from './tls-fault.ts';

export interface LinkOptions {
  readonly tls?: Omit<DestinationTls, 'expiryWarningMs'> | undefined;
  readonly tokenFile?: string | undefined;
  readonly connectTimeoutMs: number;
  readonly compression: 'none' | 'zstd';
  readonly compressionLevel: number;
}

export interface Dialled {
  readonly socket: net.Socket;
  /** What this side must prove to have, and the other side, too. */
  readonly token: Buffer | null;
}

export class Link {
  /** Compresses batches where the receiver takes that; null: not asked for. */
  readonly packer: Packer | null;
  readonly #options: LinkOptions;
  readonly #credentials: Credentials;

  constructor(options: LinkOptions, credentials: Credentials) {
    this.#options = options;
    this.#credentials = credentials;
    this.packer = options.compression === 'zstd' ? new Packer(options.compressionLevel) : null;
  }

  /**
   * @param expected the instance that must be there; null: whoever is
   * @throws SpillwayError `unreachable`, `timeout`, `closed`, `refused`, `config`
   */
  async dial(address: Address, expected: string | null, signal: AbortSignal): Promise<Dialled> {
    const { connectTimeoutMs } = this.#options;
    const { identity: kept, token: secret } = this.#credentials;
    const token = secret === null ? null : await secret.refresh();
    const to = { ...address, autoSelectFamilyAttemptTimeout: attemptMs(connectTimeoutMs) };
    if (kept === null) {
      const open = () => ({ socket: net.connect({ ...to, noDelay: true }), ready: 'connect' });
      return { socket: await dial(address, open, connectTimeoutMs, signal), token };
    }
    const identity = await kept.refresh();
    const name = this.#options.tls?.name ?? expected ?? address.host;
    const socket = await dial(address, () => openTls(to, identity, name), connectTimeoutMs, signal);
    socket.setNoDelay(true);
    return { socket, token };
  }

  /** What it may be where a receiver closes before it has answered the hello. */
  get closedEarly(): string {
    const cause =
      this.#credentials.identity === null
        ? 'does it expect TLS? set tls on both sides or on neither'
        : 'its log says why';
    return `closed the connection before it answered: ${cause}`;
  }
}

/** A name may have several addresses, of which only some answer: each has this long. */
function attemptMs(connectTimeoutMs: number): number {
  return Math.max(10, Math.floor(connectTimeoutMs / 4));
}

function openTls(address: Address, { cert, key, ca }: Identity, name: string): Opening {
  const socket = tls.connect({
    ...TLS_OPTIONS,
    ...address,
    cert,
    key,
    ca,
    rejectUnauthorized: true,
    servername: '',
    checkServerIdentity: (_host, certificate) => nameFault(name, certificate),
  });
  return { socket, ready: 'secureConnect', explain: (cause) => tlsFault(cause, name) };
}
