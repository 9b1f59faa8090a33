// Batches compressed with zstd for a link. Compression happens in libuv's threads, before a batch is sent, so that it
// holds up no heartbeat at any level; decompression is quick, and bounded by what the header of the frame announces,
// which was held against batchBytesMax before anything is allocated.

import type net from 'node:net';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { BATCH_ZSTD, encodeHeader, type FrameHeader, FrameType, protocolError } from './frame.ts';

/** What compression does not make smaller goes as it is; what is this small is not tried. */
const TRY_BYTES_MIN = 128;
/** 8 MiB: what level 19 uses. A sender that needs more memory of its receiver does not get it. */
const WINDOW_LOG_MAX = 23;

const compress = promisify(zlib.zstdCompress);

export class Packer {
  readonly #level: number;
  readonly #packed = new WeakMap<Buffer, Buffer>();
  /** Bytes of batches that were sent, before and after. */
  plainBytes = 0;
  sentBytes = 0;

  constructor(level: number) {
    this.#level = level;
  }

  /** Compresses bodies that are about to be sent. They must not change until they are. */
  async prepare(bodies: readonly Buffer[]): Promise<void> {
    const params = { [zlib.constants.ZSTD_c_compressionLevel]: this.#level };
    await Promise.all(
      bodies.map(async (body) => {
        if (body.length < TRY_BYTES_MIN) return;
        const packed = await compress(body, { params, pledgedSrcSize: body.length });
        if (packed.length < body.length) this.#packed.set(body, packed);
      }),
    );
  }

  /** The body as it goes over the wire. */
  take(body: Buffer): Buffer {
    const packed = this.#packed.get(body) ?? body;
    this.plainBytes += body.length;
    this.sentBytes += packed.length;
    return packed;
  }
}

export type BatchFields = Pick<FrameHeader, 'from' | 'to' | 'events' | 'crc' | 'sequence'>;

/** @param onFlushed `body` may be used for something else */
export function writeBatch(
  socket: net.Socket,
  fields: BatchFields,
  body: Buffer,
  packer: Packer | null,
  onFlushed?: () => void,
): void {
  const sent = packer === null ? body : packer.take(body);
  const packing = sent === body ? {} : { flags: BATCH_ZSTD, plainBytes: body.length };
  socket.write(encodeHeader({ type: FrameType.batch, bodyBytes: sent.length, ...fields, ...packing }));
  socket.write(sent, onFlushed);
}

/** @throws SpillwayError `protocol` where it is not a body of exactly `plainBytes`, which are within the limit already. */
export function unpack(body: Buffer, plainBytes: number): Buffer {
  let plain: Buffer | null = null;
  try {
    const params = { [zlib.constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX };
    const chunkSize = Math.max(plainBytes, 64);
    plain = zlib.zstdDecompressSync(body, { params, chunkSize, maxOutputLength: plainBytes });
  } catch {
    // too much, too little, or not zstd: said below
  }
  if (plain?.length === plainBytes) return plain;
  throw protocolError('compression', `a compressed batch is not ${plainBytes} bytes of zstd`);
}
