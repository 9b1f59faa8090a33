// kill -9 at the edges that speak Scribe: what was answered OK is there, and over a chain of two agents every event
// arrives at least once, in whole lines.

import { randomInt } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { FrameReader } from '../../agent/wire/scribe/frames.ts';
import { LogCallWriter, ResultCode, readLogReply } from '../../agent/wire/scribe/log-call.ts';
import { randomFrom } from '../agent/source/random.ts';
import { until } from '../agent/source/until.ts';
import { scribeClient, scribeServer } from '../agent/wire/scribe/library.ts';
import { AgentProcess } from './agent-process.ts';
import { addressOf, configOf, QUICK_DESTINATION, tailOf, temporaryDirectory } from './chain.ts';

const SEED = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
const scribeOn = (host: number) => ({ type: 'scribe', name: 'scribe', address: addressOf(host, 1463) });

/** Makes calls of three events each, one behind the other, on connection after connection; keeps what was answered OK. */
async function pump(host: number, signal: AbortSignal): Promise<string[]> {
  const taken: string[] = [];
  const [address = '', port = ''] = addressOf(host, 1463).split(':');
  const writer = new LogCallWriter(1_024);
  for (let call = 0; !signal.aborted; ) {
    const socket = net.connect(Number(port), address);
    const frames = new FrameReader({ frameBytesMax: 1_024 });
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const next = () => {
      if (signal.aborted) return socket.destroy();
      writer.begin('cpu', call);
      for (let part = 0; part < 3; part++) {
        const event = Buffer.from(`call ${call} part ${part}\n`);
        writer.add(event, 0, event.length);
      }
      return socket.write(Buffer.from(writer.finish()));
    };
    socket.on('error', () => undefined);
    socket.on('connect', next);
    socket.on('data', (chunk: Buffer) => {
      for (const { bytes } of frames.push(chunk)) {
        if (readLogReply(bytes, call) === ResultCode.ok)
          for (let part = 0; part < 3; part++) taken.push(`call ${call} part ${part}`);
        call++;
        next();
      }
    });
    await ended;
    // what was not answered is never sent again here: only what was answered counts
    call++;
    await sleep(5);
  }
  return taken;
}

test('kill -9 of a Scribe source: nothing that was answered OK is lost', async (t) => {
  t.timeout(60_000);
  t.log(`seed ${SEED}`);
  const random = randomFrom(SEED);
  const dir = await temporaryDirectory(t);
  const agent = await AgentProcess.prepare(t, dir, configOf('taker', 61, { sources: [scribeOn(61)] }));
  await agent.start();
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const pumping = pump(61, stop.signal);
  for (let kill = 0; kill < 4; kill++) {
    await sleep(random() * 300);
    t.like(await agent.signal('SIGKILL'), { signal: 'SIGKILL' });
    await agent.start();
  }
  const counted = async () => (await agent.metrics()).sum('spillway_source_calls_total', { outcome: 'ok' });
  await until('calls are taken again', async () => (await counted()) > 20);
  stop.abort();
  const taken = await pumping;
  const there = new Set((await agent.events()).toString().split('\n'));
  t.true(taken.length > 60, `${taken.length} events`);
  t.deepEqual(
    taken.filter((event) => !there.has(event)),
    [],
  );
});

test('kill -9 at both ends of a Scribe link: every event arrives at least once, whole', async (t) => {
  t.timeout(60_000);
  const random = randomFrom(SEED + 1);
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const store = {
    name: 'store',
    address: addressOf(63, 1463),
    scribe: { category: 'm' },
    ...QUICK_DESTINATION,
  };
  const sender = configOf('sender', 62, { sources: [tailOf(spool)], destinations: [store] });
  const receiver = configOf('receiver', 63, { sources: [scribeOn(63)] });
  const agents = await Promise.all([sender, receiver].map((config) => AgentProcess.prepare(t, dir, config)));
  await Promise.all(agents.map((agent) => agent.start()));
  const lines: string[] = [];
  for (let kill = 0; kill < 6; kill++) {
    const some = Array.from({ length: 2_000 }, (_, index) => `${kill}-${index} ${'.'.repeat(index % 90)}`);
    lines.push(...some);
    await appendFile(join(spool, 'a.log'), some.map((line) => `${line}\n`).join(''));
    await sleep(random() * 120);
    const agent = agents[kill % 2];
    t.like(await agent?.signal('SIGKILL'), { signal: 'SIGKILL' });
    agent?.launch();
  }
  const [from, to] = agents as [AgentProcess, AgentProcess];
  const metrics = () => from.metrics().catch(() => null);
  await until(
    'all is acknowledged',
    async () =>
      (await metrics())?.sum('spillway_destination_events_total', { outcome: 'acknowledged' }) ===
      lines.length,
    { withinMs: 30_000 },
  );
  const found = (await to.events()).toString().split('\n');
  t.is(found.pop(), '', 'the last line is whole');
  t.deepEqual([...new Set(found)].sort(), [...lines].sort());
  t.log(`${found.length - lines.length} of ${lines.length} events twice`);
});

test('SIGHUP gives a Scribe destination another category, a client may ask for it, and nothing is sent twice', async (t) => {
  t.timeout(60_000);
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const got: string[] = [];
  const server = await scribeServer(t, (entries) => {
    got.push(...entries.map(({ category, message }) => `${category}:${message}`));
    return ResultCode.ok;
  });
  const configWith = (category: string) => {
    const store = { name: 'store', address: `${server.host}:${server.port}`, scribe: { category } };
    const sources = [tailOf(spool), scribeOn(64)];
    return configOf('sender', 64, { sources, destinations: [{ ...store, ...QUICK_DESTINATION }] });
  };
  const agent = await AgentProcess.prepare(t, dir, configWith('first'));
  await agent.start();
  const write = async (line: string) => {
    const before = got.length;
    await appendFile(join(spool, 'a.log'), `${line}\n`);
    await until(`${line} arrives`, () => got.length > before);
  };
  const applied = async () =>
    (await agent.metrics()).sum('spillway_config_reloads_total', { outcome: 'applied' });
  await write('one');
  await agent.configure(configWith('second'));
  agent.send('SIGHUP');
  await until('it is applied', async () => (await applied()) === 1);
  await write('two');
  await agent.configure(configWith('third'));
  const [host = '', port = ''] = addressOf(64, 1463).split(':');
  const client = await scribeClient(t, { host, port: Number(port) });
  client.oneway('reinitialize');
  await until('it is applied again', async () => (await applied()) === 2);
  await write('three');
  t.deepEqual(got, ['first:one\n', 'second:two\n', 'third:three\n']);
  t.deepEqual((await agent.metrics()).openEquations(), []);
});
