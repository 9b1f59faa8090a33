// The adapter for a real scribed: its configuration, and the companions that the bench starts beside it, against a
// stand-in that speaks the protocol as its definition has it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { toolNamed } from '../../../bench/tools/registry.ts';
import { logCall, OK, resultIn, TRY_LATER } from '../../../bench/tools/scribe/thrift.ts';
import type { FoundTool } from '../../../bench/tools/tool.ts';
import { FOUND, toolNode } from './node.ts';

async function rendered(t: ExecutionContext, name: string, changes = {}, found: FoundTool = FOUND) {
  const node = toolNode(t, changes);
  const { files, processes } = await toolNamed(name).plan(node, found);
  const [file] = files;
  if (file === undefined) throw new Error('no configuration');
  return { node, file, text: file.text, processes };
}

test('scribe: each store has a queue of its own: files, and a buffer for each target', async (t) => {
  const { node, text, processes } = await rendered(t, 'scribe');
  t.is(text.match(/^<store>\ncategory=events\n/gm)?.length, 3);
  t.is(text.match(/^<\/store>$/gm)?.length, 3);
  t.notRegex(text, /type=multi/, 'a receiver that is away would hold up the files');
  t.true(
    text.includes(`file_path=${node.eventsDir}\nbase_filename=events.log\nmax_size=67108864\nadd_newlines=0`),
  );
  t.regex(text, /type=buffer\n[\s\S]*remote_host=127\.77\.1\.101\nremote_port=4100/);
  t.regex(text, /type=buffer\n[\s\S]*remote_host=127\.77\.1\.102/);
  t.true(text.includes(`file_path=${node.bufferDir}/to-b`));
  t.notRegex(text, /retry_interval|max_size=3|check_interval/, 'its defaults stay what they are');
  t.deepEqual(
    processes.map(({ name }) => name),
    ['scribed', 'relay'],
  );
});

test('scribe:tuned retries soon and sends its buffer quickly; where the generator writes a client feeds it', async (t) => {
  const { text, processes } = await rendered(t, 'scribe:tuned', { receive: null });
  t.regex(text, /^check_interval=1$/m);
  t.regex(text, /type=buffer\n[\s\S]*retry_interval=1\n[\s\S]*buffer_send_rate=20/);
  t.regex(text, /base_filename=events\nmax_size=3000000\n<\/secondary>/, 'a buffer file is one call');
  t.notRegex(text, /type=file\n[^<]*file_path=.*events\n/);
  t.deepEqual(
    processes.map(({ name }) => name),
    ['scribed', 'feed'],
  );
});

/** As `.tools/scribe/bin/scribed` of a folder. */
function standIn(t: ExecutionContext, script: string): string {
  const { confDir } = toolNode(t);
  const bin = join(confDir, '.tools/scribe/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'scribed'), script);
  chmodSync(join(bin, 'scribed'), 0o755);
  return confDir;
}

const STAND_IN = `#!/bin/sh\nexec ${process.execPath} ${join(import.meta.dirname, 'scribed.ts')} "$@"\n`;

test('scribe: found where it runs and answers, with the version that it answers', async (t) => {
  t.timeout(30_000);
  const scribe = toolNamed('scribe');
  t.false((await scribe.locate(toolNode(t).confDir)).found);
  t.false((await scribe.locate(standIn(t, '#!/bin/sh\nexit 1\n'))).found, 'it does not run');
  const found = await scribe.locate(standIn(t, STAND_IN));
  t.like(found, { found: true, version: '2.2' });
});

test('a reply is read when it is whole, in the strict form and in the other; an exception is no reply', (t) => {
  const result = (code: number) => Buffer.from([8, 0, 0, 0, 0, 0, code, 0]);
  const loose = (type: number) =>
    Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from('Log'), Buffer.from([type, 0, 0, 0, 0])]);
  const strict = (type: number) =>
    Buffer.concat([Buffer.from([128, 1, 0, type, 0, 0, 0, 3]), Buffer.from('Log'), Buffer.alloc(4)]);
  for (const head of [loose, strict]) {
    for (const [type, expected] of [
      [2, TRY_LATER],
      [3, 'failed'],
    ] as const) {
      const body = Buffer.concat([head(type), result(TRY_LATER)]);
      const reply = Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]);
      for (let cut = 0; cut < reply.length; cut++) t.is(resultIn(reply.subarray(0, cut)), null);
      t.is(resultIn(reply), expected);
    }
  }
});

/** The processes of a node whose scribed is the stand-in; `stored` is what it kept, once it was asked to end. */
async function started(t: ExecutionContext, changes = {}) {
  const binary = join(standIn(t, STAND_IN), '.tools/scribe/bin/scribed');
  const { node, file, processes } = await rendered(t, 'scribe', changes, { ...FOUND, binary });
  writeFileSync(file.path, file.text);
  const start = (name: string): ChildProcess => {
    const [command = '', ...args] = processes.find((each) => each.name === name)?.argv ?? [];
    const child = spawn(command, args, { stdio: 'inherit', detached: true });
    t.teardown(() => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It has ended.
      }
    });
    return child;
  };
  const stored = () => readFileSync(`${file.path}.stored`, 'utf8');
  return { node, start, stored, isStored: () => existsSync(`${file.path}.stored`) };
}

async function until(look: () => boolean): Promise<void> {
  while (!look()) await delay(5);
}

async function stopped(child: ChildProcess): Promise<unknown> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  return (await exited)[0];
}

test('feed logs files as they grow and roll, again after TRY_LATER, goes on after a restart; SIGTERM loses nothing', async (t) => {
  t.timeout(60_000);
  const { node, start, stored } = await started(t, { receive: null });
  const position = join(node.bufferDir, 'position.json');
  const write = (name: string, text: string) => appendFileSync(join(node.eventsDir, name), text);
  const offset = () =>
    existsSync(position) ? (JSON.parse(readFileSync(position, 'utf8')) as { offset: number }).offset : 0;
  const scribed = start('scribed');
  const first = start('feed');
  write('events-1.log', 'one\ntwo\nthr');
  await until(() => offset() === 8);
  write('events-1.log', 'ee\n');
  write('events-2.log', 'four\n');
  await until(() => offset() === 5);
  await stopped(first);
  write('events-2.log', 'five\n');
  const second = start('feed');
  await until(() => offset() === 10);
  await stopped(second);
  t.is(await stopped(scribed), 0);
  t.is(stored(), 'one\ntwo\nthree\nfour\nfive\n');
});

test('relay carries a call there and the answer back', async (t) => {
  t.timeout(60_000);
  const port = 20_000 + (process.pid % 10_000);
  const receive = { host: '127.78.1.1', port };
  const { start, stored } = await started(t, { receive, address: '127.78.1.1' });
  const scribed = start('scribed');
  start('relay');
  const ask = () =>
    new Promise<number | 'failed' | null>((settle) => {
      const socket = connect(receive);
      let answer = Buffer.alloc(0);
      socket.on('connect', () => socket.write(logCall('events', Buffer.from('x\n'))));
      socket.on('data', (chunk) => {
        answer = Buffer.concat([answer, chunk]);
        if (resultIn(answer) === null) return;
        settle(resultIn(answer));
        socket.destroy();
      });
      socket.on('error', () => settle(null));
      socket.on('close', () => settle(null));
    });
  let code = await ask();
  for (; code === null; code = await ask()) await delay(20);
  t.is(code, TRY_LATER);
  t.is(await ask(), OK);
  await stopped(scribed);
  t.is(stored(), 'x\n');
});
