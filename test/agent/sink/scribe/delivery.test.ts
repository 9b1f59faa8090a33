// A destination that speaks Scribe, to a server of Apache Thrift's own library and to a scripted one: what arrives,
// when it counts as acknowledged, and what happens when it does not.

import { once } from 'node:events';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { FrameReader, framed } from '../../../../agent/wire/scribe/frames.ts';
import { logReply, ResultCode } from '../../../../agent/wire/scribe/log-call.ts';
import { ThriftReader } from '../../../../agent/wire/scribe/thrift.ts';
import { until } from '../../source/until.ts';
import { type Handler, scribeServer } from '../../wire/scribe/library.ts';
import { SCRIBE, scribing } from './scribing.ts';

/** Answers what a test wants answered; keeps whole calls. */
async function scripted(t: ExecutionContext, answer: (call: number) => ResultCode | null | 'close') {
  const state = { calls: 0, connections: 0, frames: [] as Buffer[] };
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    state.connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    const frames = new FrameReader({ frameBytesMax: 2 ** 20 });
    socket.on('data', (chunk: Buffer) => {
      for (const { bytes } of frames.push(chunk)) {
        state.frames.push(Buffer.from(bytes));
        const result = answer(state.calls++);
        if (result === 'close') socket.destroy();
        else if (result !== null) socket.write(framed(logReply(new ThriftReader(bytes).message(), result)));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  return { address: { host: '127.0.0.1', port: bound.port }, state };
}

const LINES = Array.from({ length: 500 }, (_, index) => `event ${index}${' '.repeat(index % 50)}`);

for (const newline of ['keep', 'strip'] as const) {
  test(`Apache Thrift's server gets whole events in order, newline: ${newline}`, async (t) => {
    const got: { category: string; message: Buffer }[] = [];
    const handler: Handler = (entries) => {
      got.push(...entries);
      return ResultCode.ok;
    };
    const scribe = { ...SCRIBE, newline, categories: { 'scribe/cpu': 'processors' } };
    const { append, open } = await scribing(t, await scribeServer(t, handler), { scribe });
    await append(LINES);
    await append(['busy'], 'scribe/cpu');
    const destination = await open();
    await until('all is acknowledged', () => destination.snapshot().acknowledged.events === 501);
    const end = newline === 'keep' ? '\n' : '';
    t.deepEqual(
      got.map(({ message }) => message.toString()),
      [...LINES, 'busy'].map((line) => `${line}${end}`),
    );
    t.deepEqual([...new Set(got.map(({ category }) => category))], ['metrics', 'processors']);
    t.is(got.at(-1)?.category, 'processors');
    t.is(destination.snapshot().buffered.bytes, 0);
  });
}

test('TRY_LATER is waited out on the same connection, and nothing is acknowledged meanwhile', async (t) => {
  let isFull = true;
  const server = await scripted(t, () => (isFull ? ResultCode.tryLater : ResultCode.ok));
  const { append, open } = await scribing(t, server.address);
  await append(['one']);
  const destination = await open();
  await until('it was asked again', () => server.state.calls >= 5);
  t.is(destination.snapshot().acknowledged.events, 0);
  t.true(destination.snapshot().connected);
  isFull = false;
  await until('it is taken', () => destination.snapshot().acknowledged.events === 1);
  t.is(server.state.connections, 1);
  const distinct = new Set(server.state.frames.map((frame) => frame.toString('hex')));
  t.is(distinct.size, 1, 'the same call every time');
});

test('a call whose answer is lost is made again by the next connection: at least once', async (t) => {
  const server = await scripted(t, (call) => (call === 1 ? 'close' : ResultCode.ok));
  const { append, open } = await scribing(t, server.address);
  await append(LINES);
  const destination = await open();
  await until('all is acknowledged', () => destination.snapshot().acknowledged.events === LINES.length);
  t.is(server.state.connections, 2);
  t.is(destination.snapshot().retransmits, 1);
  const bytes = Buffer.concat(server.state.frames).toString();
  const positions = LINES.map((line) => bytes.lastIndexOf(`${line}\n`));
  t.true(
    positions.every((at) => at >= 0),
    'all of them arrived',
  );
});

test('a receiver that does not answer is given up, and tried again', async (t) => {
  const server = await scripted(t, (call) => (call === 0 ? null : ResultCode.ok));
  const { append, open } = await scribing(t, server.address);
  await append(['one']);
  const destination = await open();
  await until('it is acknowledged', () => destination.snapshot().acknowledged.events === 1);
  t.is(server.state.connections, 2);
});

test('an answer that is no ResultCode acknowledges nothing', async (t) => {
  const server = await scripted(t, (call) => (call === 0 ? (7 as ResultCode) : null));
  const { append, open } = await scribing(t, server.address);
  await append(['one']);
  const destination = await open();
  await until('it was asked again', () => server.state.calls === 2);
  t.is(destination.snapshot().acknowledged.events, 0);
});

test('what is acknowledged stays so over a restart, and what is not is sent', async (t) => {
  let limit = 1;
  const server = await scripted(t, (call) => (call < limit ? ResultCode.ok : ResultCode.tryLater));
  const { append, open } = await scribing(t, server.address);
  await append(['one']);
  const first = await open();
  await until('it is acknowledged', () => first.snapshot().acknowledged.events === 1);
  await append(['two']);
  await until('two was refused', () => server.state.calls >= 2);
  await first.close(0);
  limit = Number.POSITIVE_INFINITY;
  const second = await open();
  t.is(second.snapshot().acknowledged.events, 1);
  await until('two is acknowledged', () => second.snapshot().acknowledged.events === 2);
  t.true(server.state.frames.slice(1).every((frame) => !frame.includes('one')));
});

test('a policy gives up the oldest while the receiver says TRY_LATER, and the counts close', async (t) => {
  let isFull = true;
  const got: string[] = [];
  const server = await scripted(t, () => (isFull ? ResultCode.tryLater : ResultCode.ok));
  const { append, open, log } = await scribing(t, server.address, {
    policy: 'dropOldest',
    lagBytesMax: 20_000,
    batchBytesMax: 4_096,
  });
  const destination = await open();
  for (let at = 0; at < 40; at++)
    await append(LINES.slice(at * 10, at * 10 + 10).map((line) => line.padEnd(150, '.')));
  await until('some are dropped', () => (destination.snapshot().dropped['dropOldest']?.events ?? 0) > 100);
  isFull = false;
  await until('nothing waits', () => destination.snapshot().buffered.events === 0);
  const { appended, acknowledged, dropped, skipped } = destination.snapshot();
  t.deepEqual(skipped, {});
  t.is(appended.events, 400);
  t.is(acknowledged.events + (dropped['dropOldest']?.events ?? 0), 400);
  const last = server.state.frames.filter(
    (frame, index, all) => index === all.length - 1 || !frame.equals(all[index + 1] ?? frame),
  );
  for (const frame of last) got.push(...(frame.toString('latin1').match(/event \d+/g) ?? []));
  t.is(new Set(got).size, acknowledged.events, 'what counts as acknowledged is what arrived');
  t.is(log.facts().appended.events, 400);
});

test('an agent that takes the place of a Scribe receiver begins a new epoch at the position', async (t) => {
  const server = await scripted(t, () => ResultCode.ok);
  const { append, open } = await scribing(t, server.address);
  await append(['one']);
  const first = await open();
  await until('it is acknowledged', () => first.snapshot().acknowledged.events === 1);
  t.is(first.snapshot().epoch, 1);
  await first.close(1_000);
  const second = await open({ scribe: undefined });
  t.is(second.snapshot().epoch, 2);
  t.is(second.snapshot().acknowledged.events, 1);
});
