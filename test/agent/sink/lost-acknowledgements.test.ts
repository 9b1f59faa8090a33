// A real sender and a real listener with a wire between them that swallows acknowledgements and then breaks, while
// batches and skips are mixed: nothing comes twice, and both ends count the same.

import { mkdtemp, open, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test from 'ava';
import { pino } from 'pino';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { Destination } from '../../../agent/sink/destination.ts';
import { ListenSource } from '../../../agent/source/listen.ts';
import { until } from '../source/until.ts';

const EVENT_BYTES = 14;
const EVENTS = 40;
const ROTTEN = [5, 12];
const logger = pino({ level: 'silent' });

function optionsFor(dir: string): LogOptions {
  return {
    dir,
    durability: 'fsync',
    segmentBytes: 1_048_576,
    journalBytesMax: 262_144,
    capBytes: 16_777_216,
    reserveBytes: 0,
    keepBytes: 4_194_304,
    keepAgeMs: 86_400_000,
    pendingBytesMax: 1_048_576,
  };
}

/** Forwards everything; of what comes back only the first piece, until it is told to let all through. */
async function swallowing(t: { teardown(fn: () => void): void }, to: net.SocketConnectOpts) {
  let swallow = true;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(to as net.TcpNetConnectOpts);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    near.pipe(far);
    let welcomed = false;
    far.on('data', (bytes) => {
      if (!welcomed || !swallow) near.write(bytes);
      welcomed = true;
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    breakOff: () => {
      swallow = false;
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('lost-acknowledgement-of-a-skip: after the next connection nothing has come twice, and the counts are right', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-acks-'));
  const sent = await EventLog.open(optionsFor(join(dir, 'a')));
  const received = await EventLog.open(optionsFor(join(dir, 'b')));
  received.holders.startRetention();
  const source = sent.defineSource({ owner: 'o', key: 'k', identity: {}, position: 0 });
  for (let index = 0; index < EVENTS; index++) {
    const bytes = Buffer.from(`line ${String(index).padStart(8)}\n`);
    const from = source.position;
    const append = {
      source,
      from,
      end: from + bytes.length,
      chunks: [bytes],
      bytes: bytes.length,
      events: 1,
    };
    await sent.append({ ...append, crc: crc32(bytes), sequence: 0 });
  }
  const data = await open(join(dir, 'a', `${'0'.repeat(20)}.log`), 'r+');
  for (const index of ROTTEN) await data.write(Buffer.from('#'), 0, 1, index * EVENT_BYTES + 2);
  await data.close();
  const listener = new ListenSource(
    {
      ...{ name: 'hop', instance: 'r', version: '0', address: { host: '127.0.0.1', port: 0 } },
      ...{ connectionsMax: 4, handshakesMax: 16, peersMax: 4, peerForgetMs: 60_000 },
      ...{ windowBytes: 1_048_576, windowBatches: 100_000, batchBytesMax: 65_536 },
      ...{ handshakeTimeoutMs: 5000, heartbeatMs: 1000, peerTimeoutMs: 30_000 },
    },
    received,
    logger,
  );
  await listener.open();
  const wire = await swallowing(t, listener.address);
  const destination = await Destination.open(
    {
      ...{ name: 'd', instance: 'a', version: '0', startAt: 'oldest', policy: 'block' },
      to: { by: 'address', address: { host: '127.0.0.1', port: wire.port } },
      ...{ lagBytesMax: 2 ** 30, maxAgeMs: 0, batchBytesMax: 65_536, lingerMs: 0 },
      ...{ inflightBytesMax: 1_048_576, inflightBatchesMax: 100_000 },
      ...{ compression: 'none', compressionLevel: 1 },
      ...{ connectTimeoutMs: 2000, ackTimeoutMs: 20_000, heartbeatMs: 500, peerTimeoutMs: 20_000 },
      ...{ retryMinMs: 50, retryMaxMs: 100 },
    },
    { log: sent, registry: new StaticRegistry({}), logger },
  );
  t.teardown(async () => {
    await destination.close(0);
    await listener.close();
    await sent.close();
    await received.close();
    await rm(dir, { recursive: true, force: true });
  });
  destination.start();
  const whole = EVENTS - ROTTEN.length;
  await until('the receiver has it all', () => received.facts().appended.events >= whole);
  t.is(destination.snapshot().acknowledged.events, 0, 'and the sender knows of nothing');
  wire.breakOff();
  await until('the sender knows', () => destination.snapshot().buffered.events === 0);
  t.is(received.facts().appended.events, whole);
  const { acknowledged, skipped, epoch } = destination.snapshot();
  t.is(epoch, 1);
  t.is(acknowledged.events, whole);
  t.deepEqual(skipped, { damaged: { events: ROTTEN.length, bytes: ROTTEN.length * EVENT_BYTES } });
});
