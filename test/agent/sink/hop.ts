// A destination and a listener on real logs and a real port, and certificates for both: what a link is, from end to end.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ExecutionContext } from 'ava';
import { countEvents } from '../../../agent/bytes.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { Destination, type DestinationOptions } from '../../../agent/sink/destination.ts';
import type { ListenOptions } from '../../../agent/source/listen.ts';
import { createAuthority, type Issued, issue } from '../../../scripts/certs/authority.ts';
import { captureLogger } from '../source/captured-logger.ts';
import { openLog, temporaryDirectory } from '../source/event-log.ts';
import { Listening } from '../source/listen/listening.ts';
import { until } from '../source/until.ts';

/** Certificates in a directory of the test's own. */
export class Certificates {
  readonly dir: string;
  readonly authority: Issued;

  private constructor(dir: string, authority: Issued) {
    this.dir = dir;
    this.authority = authority;
  }

  static async create(t: ExecutionContext): Promise<Certificates> {
    const certificates = new Certificates(await temporaryDirectory(t), await createAuthority('test', 100));
    await writeFile(join(certificates.dir, 'ca.crt'), certificates.authority.certificate);
    return certificates;
  }

  /** The files of a name, which are written (again). */
  async issue(name: string, addresses: readonly string[] = [], days = 60) {
    const { certificate, key } = await issue(this.authority, { name, addresses }, days);
    await writeFile(join(this.dir, `${name}.key`), key, { mode: 0o600 });
    await writeFile(join(this.dir, `${name}.crt`), certificate);
    return this.files(name);
  }

  files(name: string) {
    return {
      certFile: join(this.dir, `${name}.crt`),
      keyFile: join(this.dir, `${name}.key`),
      caFile: join(this.dir, 'ca.crt'),
    };
  }
}

export interface Hop {
  readonly listening: Listening;
  readonly destination: Destination;
  readonly lines: ReturnType<typeof captureLogger>['lines'];
  /** Puts events into the sender's log; whole lines. */
  send(events: string): Promise<void>;
}

export async function hop(
  t: ExecutionContext,
  listen: Partial<ListenOptions>,
  destination: Partial<DestinationOptions>,
): Promise<Hop> {
  const listening = await Listening.open(t, listen);
  const { logger, lines } = captureLogger();
  const log = await openLog(join(await temporaryDirectory(t), 'log'));
  log.holders.startRetention();
  const source = log.defineSource({ owner: 'x', key: 'x', identity: {}, position: 0 });
  const options: DestinationOptions = {
    name: 'next',
    instance: 'sender',
    version: '0',
    to: { by: 'address', address: listening.source.address },
    startAt: 'oldest',
    policy: 'block',
    lagBytesMax: 2 ** 30,
    maxAgeMs: 0,
    batchBytesMax: 65_536,
    lingerMs: 0,
    inflightBytesMax: 2 ** 20,
    inflightBatchesMax: 1_000,
    compression: 'none',
    compressionLevel: 1,
    connectTimeoutMs: 2_000,
    ackTimeoutMs: 10_000,
    heartbeatMs: 50,
    peerTimeoutMs: 5_000,
    retryMinMs: 10,
    retryMaxMs: 50,
    ...destination,
  };
  const sending = await Destination.open(options, { log, registry: new StaticRegistry({}), logger });
  t.teardown(async () => {
    await sending.close(0);
    await log.close();
  });
  sending.start();
  let at = 0;
  const send = async (events: string) => {
    const bytes = Buffer.from(events);
    const batch = { source, from: at, end: at + bytes.length, chunks: [bytes], bytes: bytes.length };
    at += bytes.length;
    await log.append({ ...batch, events: countEvents(bytes), crc: crc32(bytes), sequence: 0 });
  };
  return { listening, destination: sending, lines, send };
}

/** Why the destination is not connected, once it says what matches. */
export async function saysProblem(hop: Hop, expected: RegExp): Promise<void> {
  await until(
    `a problem like ${expected}`,
    () => hop.destination.problem !== null && expected.test(hop.destination.problem),
    {
      show: () => `${hop.destination.problem} ${JSON.stringify(hop.listening.source.snapshot().connections)}`,
    },
  );
}
