// The adapter for a real scribed: its configuration, and the two companions that the bench starts beside it, against a
// server that reads Scribe's protocol as its definition has it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { toolNamed } from '../../../bench/tools/registry.ts';
import { logCall, OK, replyIn, TRY_LATER } from '../../../bench/tools/scribe/thrift.ts';
import { FOUND, root, toolNode } from './node.ts';

async function rendered(t: ExecutionContext, name: string, changes = {}) {
  const node = toolNode(t, changes);
  const { files, processes } = await toolNamed(name).plan(node, FOUND);
  return { node, text: files[0]?.text ?? '', processes };
}

test('scribe: a node that receives writes files and buffers for each target; a relay stands before it', async (t) => {
  const { node, text, processes } = await rendered(t, 'scribe');
  t.regex(text, /category=events\ntype=multi\nreport_success=all\n<store0>\ntype=file/);
  t.true(
    text.includes(`file_path=${node.eventsDir}\nbase_filename=events.log\nmax_size=67108864\nadd_newlines=0`),
  );
  t.regex(text, /<store1>\ntype=buffer\n[\s\S]*remote_host=127\.77\.1\.101\nremote_port=4100/);
  t.regex(text, /<store2>\ntype=buffer\n[\s\S]*remote_host=127\.77\.1\.102/);
  t.true(text.includes(`file_path=${node.bufferDir}/to-b`));
  t.notRegex(text, /retry_interval/, 'its defaults stay what they are');
  t.deepEqual(
    processes.map(({ name }) => name),
    ['scribed', 'relay'],
  );
});

test('scribe:tuned retries soon and sends its buffer quickly; where the generator writes a client feeds it', async (t) => {
  const { text, processes } = await rendered(t, 'scribe:tuned', { receive: null });
  t.regex(text, /<store0>\ntype=buffer\nretry_interval=1\n[\s\S]*buffer_send_rate=20/);
  t.notRegex(text, /type=file\nfs_type=std\nfile_path=.*events\n/);
  t.deepEqual(
    processes.map(({ name }) => name),
    ['scribed', 'feed'],
  );
});

test('scribe: found where it runs, whatever status it gives for its usage', async (t) => {
  const { confDir } = toolNode(t);
  const bin = join(confDir, '.tools/scribe/bin');
  mkdirSync(bin, { recursive: true });
  t.false((await toolNamed('scribe').locate(confDir)).found);
  writeFileSync(join(bin, 'scribed'), '#!/bin/sh\nexit 1\n');
  chmodSync(join(bin, 'scribed'), 0o755);
  t.true((await toolNamed('scribe').locate(confDir)).found);
});

test('a reply is read when it is whole, in the strict form and in the other', (t) => {
  const tail = Buffer.from([8, 0, 0, 0, 0, 0, TRY_LATER, 0]);
  const loose = Buffer.concat([
    Buffer.from([0, 0, 0, 3]),
    Buffer.from('Log'),
    Buffer.from([2, 0, 0, 0, 0]),
    tail,
  ]);
  const strict = Buffer.concat([
    Buffer.from([128, 1, 0, 2, 0, 0, 0, 3]),
    Buffer.from('Log'),
    Buffer.alloc(4),
    tail,
  ]);
  for (const body of [loose, strict]) {
    const reply = Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]);
    for (let cut = 0; cut < reply.length; cut++) t.is(replyIn(reply.subarray(0, cut)), null);
    t.is(replyIn(reply), TRY_LATER);
  }
});

interface StandIn {
  readonly port: number;
  readonly received: () => string;
  readonly calls: () => number;
}

/** Answers the first call with TRY_LATER, and keeps what it took. */
async function scribeServer(t: ExecutionContext): Promise<StandIn> {
  let [calls, taken] = [0, ''];
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        const end = 4 + bytes.readInt32BE(0);
        const messages = messagesIn(bytes.subarray(4, end));
        bytes = bytes.subarray(end);
        calls += 1;
        if (calls > 1) taken += messages.join('');
        const body = Buffer.concat([
          Buffer.from([0, 0, 0, 3]),
          Buffer.from('Log'),
          Buffer.from([2, 0, 0, 0, 0]),
        ]);
        const result = Buffer.from([8, 0, 0, 0, 0, 0, calls === 1 ? TRY_LATER : OK, 0]);
        socket.write(Buffer.concat([Buffer.from([0, 0, 0, body.length + result.length]), body, result]));
      }
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, received: () => taken, calls: () => calls };
}

/** Of a call, by the definition of the protocol and not by our code. */
function messagesIn(body: Buffer): string[] {
  const messages: string[] = [];
  let at = 4 + 3 + 1 + 4 + 3 + 1;
  for (let left = body.readInt32BE(at); left > 0; left--) {
    at += messages.length === 0 ? 4 : 0;
    const text = () => {
      const length = body.readInt32BE(at + 3);
      const value = body.subarray(at + 7, at + 7 + length).toString();
      at += 7 + length;
      return value;
    };
    if (text() !== 'events') throw new Error('another category');
    messages.push(text());
    at += 1;
  }
  return messages;
}

function start(t: ExecutionContext, program: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(root, 'bench/tools/scribe', program), ...args], {
    stdio: 'inherit',
  });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

async function until(look: () => boolean): Promise<void> {
  while (!look()) await delay(5);
}

test('feed logs files as they grow and roll, again after TRY_LATER, and goes on after a restart', async (t) => {
  t.timeout(30_000);
  const { eventsDir, bufferDir } = toolNode(t);
  const server = await scribeServer(t);
  const args = [eventsDir, join(bufferDir, 'position.json'), '127.0.0.1', String(server.port)];
  const first = start(t, 'feed.ts', ...args);
  appendFileSync(join(eventsDir, 'events-1.log'), 'one\ntwo\nthr');
  await until(() => server.received() === 'one\ntwo\n');
  t.true(server.calls() >= 2, 'the first call was answered TRY_LATER');
  appendFileSync(join(eventsDir, 'events-1.log'), 'ee\n');
  appendFileSync(join(eventsDir, 'events-2.log'), 'four\n');
  await until(() => server.received() === 'one\ntwo\nthree\nfour\n');
  first.kill('SIGTERM');
  await once(first, 'exit');
  appendFileSync(join(eventsDir, 'events-2.log'), 'five\n');
  start(t, 'feed.ts', ...args);
  await until(() => server.received() === 'one\ntwo\nthree\nfour\nfive\n');
  t.pass();
});

test('relay carries a call there and the answer back', async (t) => {
  t.timeout(30_000);
  const server = await scribeServer(t);
  const port = 20_000 + (process.pid % 20_000);
  start(t, 'relay.ts', '127.78.1.1', String(port), '127.0.0.1', String(server.port));
  const ask = () =>
    new Promise<number | null>((settle) => {
      const socket = connect({ host: '127.78.1.1', port });
      socket.on('connect', () => socket.write(logCall('events', [Buffer.from('x\n')])));
      socket.once('data', (reply) => {
        settle(replyIn(reply));
        socket.destroy();
      });
      socket.on('error', () => settle(null));
    });
  let code = await ask();
  for (; code === null; code = await ask()) await delay(20);
  t.is(code, TRY_LATER);
  t.is(await ask(), OK);
  t.is(server.received(), 'x\n');
});
