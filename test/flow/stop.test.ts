// Stopping beside peers that do nothing: an agent ends within its deadline, whoever holds it up.

import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { encodeHeader, encodeMessage, FrameParser, FrameType } from '../../agent/wire/frame.ts';
import { type Hello, MESSAGE_BYTES_MAX, type Welcome } from '../../agent/wire/handshake.ts';
import { until } from '../agent/source/until.ts';
import { AgentProcess } from './agent-process.ts';
import { addressOf, configOf, destinationAt, listenOn, tailOf, temporaryDirectory } from './chain.ts';

const GRACE_MS = 10_000;

/** Stops the agent and says how long that took. */
async function stops(t: ExecutionContext, agent: AgentProcess): Promise<void> {
  const began = performance.now();
  t.deepEqual(await agent.signal('SIGTERM'), { code: 0, signal: null });
  const tookMs = performance.now() - began;
  t.true(tookMs < GRACE_MS, `it took ${tookMs} ms`);
}

/** Greets, and from then on reads nothing. */
async function stalledReceiver(t: ExecutionContext, address: string): Promise<{ greeted: Promise<unknown> }> {
  const [host, port] = address.split(':');
  const greeted = Promise.withResolvers<void>();
  const server = net.createServer((socket) => {
    const parser = new FrameParser({ messageBytesMax: MESSAGE_BYTES_MAX, batchBytesMax: 2 ** 20 });
    t.teardown(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('data', (chunk: Buffer) => {
      for (const _ of parser.push(chunk)) {
        const welcome: Welcome = {
          ...{ protocol: 1, instance: 'stalled', version: '1', has: null, hasEvents: 0, last: null },
          ...{ batchBytesMax: 2 ** 20, peerTimeoutMs: 60_000 },
        };
        socket.write(encodeMessage(FrameType.welcome, welcome, 2 ** 30));
      }
      socket.pause();
      greeted.resolve();
    });
  });
  t.teardown(() => server.close());
  server.listen(Number(port), host);
  await once(server, 'listening');
  return { greeted: greeted.promise };
}

test.serial('stalled-receiver: an agent stops in its time beside a peer that reads nothing', async (t) => {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const { greeted } = await stalledReceiver(t, addressOf(102, 4100));
  const patient = { peerTimeoutMs: 600_000, ackTimeoutMs: 600_000 };
  const config = configOf('held-up', 101, {
    sources: [tailOf(spool)],
    destinations: [destinationAt('stalled', 102, patient)],
    stop: { drainMs: 500 },
  });
  const agent = await AgentProcess.prepare(t, dir, config);
  await agent.start();
  await greeted;
  // more than the sockets of both sides hold
  await writeFile(join(spool, 'a.log'), `${'x'.repeat(999)}\n`.repeat(20_000));
  await until('it is in the log', async () => (await agent.events()).length === 20_000_000);
  await stops(t, agent);
});

test.serial('stalled-sender: an agent stops in its time beside a peer that reads no goodbye', async (t) => {
  const dir = await temporaryDirectory(t);
  const config = configOf('receiver', 111, {
    sources: [listenOn(111, { peerTimeoutMs: 60_000 })],
    stop: { drainMs: 500 },
  });
  const agent = await AgentProcess.prepare(t, dir, config);
  await agent.start();
  const [host, port] = addressOf(111, 4100).split(':');
  const socket = net.connect(Number(port), host);
  t.teardown(() => socket.destroy());
  const hello: Hello = {
    ...{ protocol: 1, protocolMin: 1, stream: 'ab'.repeat(16), lane: 'a', epoch: 1, session: 1 },
    ...{ start: 0, end: 1, mode: 'contiguous', instance: 'stalled', version: '1' },
  };
  socket.write(encodeMessage(FrameType.hello, hello));
  await once(socket, 'readable');
  socket.write(encodeHeader({ type: FrameType.beat }));
  await stops(t, agent);
});
