// What a destination goes on with when its certificates or its token are replaced by something bad, whatever becomes of
// the destination itself meanwhile: a reload, a member that leaves and comes back.

import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ClusterDestination } from '../../../agent/sink/cluster/cluster.ts';
import { Credentials } from '../../../agent/sink/credentials.ts';
import { appendLines, sourceOf } from '../log/lines.ts';
import { captureLogger } from '../source/captured-logger.ts';
import { temporaryDirectory } from '../source/event-log.ts';
import { Listening } from '../source/listen/listening.ts';
import { until } from '../source/until.ts';
import { Changing } from './changing.ts';
import { clusterOptions } from './cluster/clustering.ts';
import { openLog, ToldRegistry } from './cluster/registered.ts';
import { Certificates } from './hop.ts';

const UNUSED = 'new certificate files are not used: those read before stay in use';

async function secured(t: ExecutionContext) {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const tls = { ...receiver, reloadMs: 60_000, handshakesPerSecondMax: 1_000 };
  const listening = await Listening.open(t, { tls, handshakeTimeoutMs: 20_000 });
  return { certificates, listening, sender: await certificates.issue('sender') };
}

test('expired-taken-at-reload: a destination whose policy changes keeps the certificate that it has read', async (t) => {
  const { certificates, listening, sender } = await secured(t);
  const changing = await Changing.prepare(t);
  const { host, port } = listening.source.address;
  const keys = `address: '${host}:${port}', startAt: oldest, tls: ${JSON.stringify(sender)}`;
  await changing.add('a', keys);
  await changing.append('one');
  await listening.delivers('one\n');
  await certificates.issue('sender', [], -1);
  await changing.change('a', `${keys}, policy: dropOldest`);
  await changing.append('two');
  await listening.delivers('one\ntwo\n');
  t.is(listening.outcome('tls'), 0, 'it never showed the one that has expired');
  const said = changing.lines.filter(({ msg }) => msg === UNUSED);
  t.is(said.length, 1);
  t.like(said[0], { destination: 'a', level: 40 });
});

test('half-replaced-on-return: a member that leaves and comes back is dialled with what was read before', async (t) => {
  const { certificates, listening, sender } = await secured(t);
  const log = await openLog(t);
  const { registry, tell } = told();
  const { logger, lines } = captureLogger();
  const options = clusterOptions([], { from: { by: 'prefix', prefix: '/sinks/b' } });
  const patient = { connectTimeoutMs: 10_000, ackTimeoutMs: 10_000, tls: sender };
  const destination = await ClusterDestination.open({ ...options, ...patient }, { log, registry, logger });
  t.teardown(() => destination.close(0));
  destination.start();
  const member = { id: 'b1', address: listening.source.address, draining: false };
  tell(member);
  await appendLines(log, sourceOf(log), ['one']);
  await listening.delivers('one\n');
  tell();
  await until('it has left', () => !destination.snapshot().connected);
  // the certificate of another key
  await copyFile((await certificates.issue('other')).certFile, sender.certFile);
  tell(member);
  await appendLines(log, sourceOf(log), ['two']);
  await listening.delivers('one\ntwo\n');
  const said = lines.filter(({ msg }) => msg === UNUSED);
  t.is(said.length, 1);
  t.like(said[0], { destination: 'b', level: 40 });
});

function told() {
  const registry = new ToldRegistry();
  return { registry: registry.registry, tell: registry.tell.bind(registry) };
}

test('what was read before is handed on as far as the files are the same ones', async (t) => {
  const certificates = await Certificates.create(t);
  const tls = await certificates.issue('a');
  const tokenFile = join(await temporaryDirectory(t), 'token');
  await writeFile(tokenFile, '0123456789abcdef');
  const { logger } = captureLogger();
  const first = new Credentials({ tls, tokenFile }, logger);
  const second = new Credentials({ tls: { ...tls }, tokenFile }, logger, first);
  t.is(second.identity, first.identity);
  t.is(second.token, first.token);
  const moved = new Credentials({ tls: { ...tls, caFile: `${tls.caFile}2` } }, logger, second);
  t.not(moved.identity, first.identity);
  t.is(moved.token, null);
  const plain = new Credentials({}, logger, second);
  t.is(plain.identity, null);
  t.is(plain.inUse, null);
  await second.inUse?.look?.();
  t.is(first.inUse?.identity, first.identity?.value);
  t.truthy(first.inUse?.identity);
});
