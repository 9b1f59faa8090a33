// A policy asks the sender where sending is and gives up what lies from there on. It may ask while the sender waits: for
// the cursor, before it announces a skip, or for the compression of what it has read. What it is told then must be a
// boundary, offset and events of one place, or the counts of what was dropped are wrong for ever.

import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { EventLog } from '../../../agent/log/log.ts';
import { InFlight } from '../../../agent/sink/inflight.ts';
import { Position } from '../../../agent/sink/position.ts';
import { CallReader } from '../../../agent/sink/scribe/call-reader.ts';
import { Sender } from '../../../agent/sink/sender.ts';
import { Packer } from '../../../agent/wire/packing.ts';

/** Of one event each. */
const BATCH = Buffer.from(`${'m'.repeat(99)}\n`);
const BATCHES = 6;

const mark = (batches: number) => ({ offset: batches * BATCH.length, events: batches });
const between = (from: number, to: number) => ({ events: to - from, bytes: mark(to - from).offset });

async function logWithBatches(t: ExecutionContext): Promise<EventLog> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-sender-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const log = await EventLog.open({
    dir,
    durability: 'os',
    segmentBytes: 64 * 1024,
    journalBytesMax: 64 * 1024,
    pendingBytesMax: 64 * 1024,
    capBytes: 16 * 1024 * 1024,
    reserveBytes: 0,
    keepBytes: 0,
    keepAgeMs: 0,
    quarantineBytesMax: 64 * 1024,
  });
  t.teardown(() => log.close());
  const source = log.defineSource({ owner: 'o', key: 'k', identity: {}, position: 0 });
  for (let batch = 0; batch < BATCHES; batch++) {
    const [from, end] = [mark(batch).offset, mark(batch + 1).offset];
    const append = { source, from, end, chunks: [BATCH], bytes: BATCH.length, events: 1, sequence: 0 };
    await log.append({ ...append, crc: crc32(BATCH) });
  }
  return log;
}

async function senderOf(t: ExecutionContext, log: EventLog, packer: Packer | null = null) {
  const server = net.createServer((peer) => peer.resume()).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  const socket = net.connect({ host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  const inflight = new InFlight({ inflightBytesMax: 1024 * 1024, inflightBatchesMax: 100 });
  inflight.grant(1024 * 1024);
  const position = await Position.open(log, 'd', 'oldest');
  t.teardown(() => position.close());
  const limits = { batchBytesMax: 64 * 1024, readBytesMax: 2 * BATCH.length, lingerMs: 0 };
  const channel = { socket, inflight, packer, onFree: () => undefined, ...limits };
  const sender = new Sender({ ...channel, log, position });
  t.teardown(() => sender[Symbol.asyncDispose]());
  return { sender, position };
}

test('what is dropped while a skip is written down is counted once', async (t) => {
  const log = await logWithBatches(t);
  const { sender, position } = await senderOf(t, log);
  position.drop({ from: mark(0), to: mark(2), reason: 'maxAge' });
  const skipping = sender.step();
  position.drop({ from: sender.sentTo, to: mark(4), reason: 'dropOldest' });
  await skipping;
  t.true(await sender.step());
  t.deepEqual(position.tallies().dropped, { maxAge: between(0, 2), dropOldest: between(2, 4) });
  t.deepEqual(sender.sentTo, mark(4));
});

test('what is dropped while what was read is compressed is counted once', async (t) => {
  const log = await logWithBatches(t);
  const compressing = Promise.withResolvers<void>();
  const compressed = Promise.withResolvers<void>();
  class Slow extends Packer {
    override async prepare(): Promise<void> {
      compressing.resolve();
      await compressed.promise;
    }
  }
  const { sender, position } = await senderOf(t, log, new Slow(1));
  const reading = sender.step();
  await compressing.promise;
  position.drop({ from: sender.sentTo, to: mark(4), reason: 'dropOldest' });
  t.deepEqual(position.tallies().dropped, { dropOldest: between(0, 4) });
  compressed.resolve();
  await reading;
});

test('what is dropped while a Scribe receiver is spared a range is counted once', async (t) => {
  const log = await logWithBatches(t);
  const { position } = await senderOf(t, log);
  const scribe = { category: 'c', categories: {}, newline: 'keep', callBytesMax: 64 * 1024 } as const;
  const limits = { readBytesMax: 2 * BATCH.length, lingerMs: 0, onFree: () => undefined };
  const calls = new CallReader({ log, position, scribe, ...limits });
  t.teardown(() => calls[Symbol.asyncDispose]());
  position.drop({ from: mark(0), to: mark(2), reason: 'maxAge' });
  const next = calls.next();
  position.drop({ from: calls.sentTo, to: mark(4), reason: 'dropOldest' });
  t.deepEqual((await next)?.delivers?.end, mark(BATCHES));
  t.deepEqual(position.tallies().dropped, { maxAge: between(0, 2), dropOldest: between(2, 4) });
});
