// A destination that speaks Scribe against the Scribe source of a real Apache Flume, where one is here.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { toolNamed } from '../../../../bench/tools/registry.ts';
import { root } from '../../../bench/tools/node.ts';
import { temporaryDirectory } from '../../source/event-log.ts';
import { until } from '../../source/until.ts';
import { scribing } from './scribing.ts';

const LIBRARY = join(root, '.tools/flume/lib');

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  return bound !== null && typeof bound === 'object' ? bound.port : 0;
}

/** Scribe source -> memory -> one file. Resolves when it listens. */
async function flume(
  t: ExecutionContext,
  dir: string,
  java: string,
): Promise<{ port: number; rolled: string }> {
  const port = await freePort();
  const rolled = join(dir, 'rolled');
  await mkdir(rolled);
  const file = join(dir, 'flume.properties');
  const settings = {
    ...{ sources: 's', channels: 'c', sinks: 'k' },
    'sources.s.type': 'org.apache.flume.source.scribe.ScribeSource',
    ...{ 'sources.s.host': '127.0.0.1', 'sources.s.port': port, 'sources.s.channels': 'c' },
    ...{
      'channels.c.type': 'memory',
      'channels.c.capacity': 50_000,
      'channels.c.transactionCapacity': 50_000,
    },
    ...{ 'sinks.k.type': 'file_roll', 'sinks.k.channel': 'c', 'sinks.k.sink.directory': rolled },
    ...{ 'sinks.k.sink.rollInterval': 0, 'sinks.k.sink.serializer.appendNewline': false },
  };
  await writeFile(
    file,
    Object.entries(settings)
      .map(([key, value]) => `node.${key} = ${value}\n`)
      .join(''),
  );
  const logging = `-Dlog4j2.configurationFile=${join(root, 'configs/flume/log4j2.properties')}`;
  const options = ['-Xmx256m', logging, `-Dstarted=${join(dir, 'started')}`, '-cp', `${LIBRARY}/*`];
  const main = [
    'org.apache.flume.node.Application',
    '--name',
    'node',
    '--conf-file',
    file,
    '--no-reload-conf',
  ];
  const child = spawn(java, [...options, ...main], { stdio: 'ignore' });
  t.teardown(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const started = () => readFile(join(dir, 'started'), 'utf8').catch(() => '');
  await until('flume listens', async () => (await started()).includes('name: s started'), {
    withinMs: 60_000,
  });
  return { port, rolled };
}

test("Flume's Scribe source gets every event, and writes the same bytes", async (t) => {
  t.timeout(90_000);
  const found = await toolNamed('flume').locate(root);
  const isHere = await access(LIBRARY).then(
    () => true,
    () => false,
  );
  if (!found.found || !isHere) {
    t.log('not checked, because flume is not here; to get it: scripts/fetch-flume.sh');
    t.pass();
    return;
  }
  const { port, rolled } = await flume(t, await temporaryDirectory(t), found.binary);
  const limits = { connectTimeoutMs: 5_000, ackTimeoutMs: 10_000 };
  const { append, open } = await scribing(t, { host: '127.0.0.1', port }, limits);
  const lines = Array.from({ length: 5_000 }, (_, index) => `cpu,host=h${index % 50} value=${index} µ\t`);
  lines.push('', '\r', 'x'.repeat(4_000), '{"a":1}');
  await append(lines);
  const destination = await open();
  await until('all is acknowledged', () => destination.snapshot().acknowledged.events === lines.length, {
    withinMs: 20_000,
  });
  const expected = lines.map((line) => `${line}\n`).join('');
  const written = async () => {
    const names = (await readdir(rolled)).sort();
    return Buffer.concat(await Promise.all(names.map((name) => readFile(join(rolled, name))))).toString();
  };
  await until('it is in the file', async () => (await written()).length >= expected.length, {
    withinMs: 20_000,
  });
  t.is(await written(), expected);
});
