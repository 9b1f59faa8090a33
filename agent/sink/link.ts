// How a destination's connections are protected: TLS where it is configured, a token where there is one. The files are
// looked at before every connection, so that a new certificate is used from the next one on.

import net from 'node:net';
import tls from 'node:tls';
import type { Logger } from 'pino';
import type { Address } from '../config/address.ts';
import type { DestinationTls } from '../config/link.ts';
import { nameFault, readIdentity, TLS_OPTIONS } from '../wire/identity.ts';
import { Kept } from '../wire/kept.ts';
import { Packer } from '../wire/packing.ts';
import { readToken } from '../wire/token.ts';
import { dial } from './dial.ts';

export interface LinkOptions {
  readonly tls?: DestinationTls | undefined;
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
  readonly #identity: Kept<{ readonly context: tls.SecureContext }> | null;
  readonly #token: Kept<Buffer> | null;

  constructor(options: LinkOptions, logger: Logger) {
    this.#options = options;
    this.packer = options.compression === 'zstd' ? new Packer(options.compressionLevel) : null;
    const { tls: files, tokenFile } = options;
    const onTrouble = (what: string) => (error: Error) =>
      logger.warn({ detail: error.message }, `a new ${what} is not used, the old one stays`);
    this.#identity =
      files === undefined
        ? null
        : new Kept(async () => {
            const { cert, key, ca } = await readIdentity(files);
            return { context: tls.createSecureContext({ ...TLS_OPTIONS, cert, key, ca }) };
          }, onTrouble('certificate'));
    this.#token = tokenFile === undefined ? null : new Kept(() => readToken(tokenFile), onTrouble('token'));
  }

  /**
   * @param expected the instance that must be there; null: whoever is
   * @throws SpillwayError `unreachable`, `timeout`, `closed`, `refused`, `config`
   */
  async dial(address: Address, expected: string | null, signal: AbortSignal): Promise<Dialled> {
    const { connectTimeoutMs } = this.#options;
    const token = this.#token === null ? null : await this.#token.refresh();
    if (this.#identity === null) {
      const open = () => ({ socket: net.connect({ ...address, noDelay: true }), ready: 'connect' });
      return { socket: await dial(address, open, connectTimeoutMs, signal), token };
    }
    const { context } = await this.#identity.refresh();
    const name = this.#options.tls?.name ?? expected ?? address.host;
    const open = () => ({
      socket: tls.connect({
        ...TLS_OPTIONS,
        ...address,
        secureContext: context,
        servername: '',
        checkServerIdentity: (_host, certificate) => nameFault(name, certificate),
      }),
      ready: 'secureConnect',
    });
    const socket = await dial(address, open, connectTimeoutMs, signal);
    socket.setNoDelay(true);
    return { socket, token };
  }
}
