// What is said of certificates before they end, and in which numbers.

import { readFile, rm, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { Agent } from '../../agent/agent.ts';
import { CertificateWatch } from '../../agent/certificate-watch.ts';
import { loadConfig } from '../../agent/config/load.ts';
import { Credentials } from '../../agent/sink/credentials.ts';
import { TlsGate } from '../../agent/source/tls-gate.ts';
import type { IdentityFiles } from '../../agent/wire/identity.ts';
import { createAuthority } from '../../scripts/certs/authority.ts';
import { load, MINIMAL, write } from './config/written.ts';
import { Certificates } from './sink/hop.ts';
import { captureLogger } from './source/captured-logger.ts';
import { until } from './source/until.ts';

const DAY_MS = 86_400_000;

interface Watching {
  readonly watch: CertificateWatch;
  readonly lines: ReturnType<typeof captureLogger>['lines'];
  /** So many days later. */
  pass(days: number): Promise<void>;
}

/** A real listener's gate, and the credentials of a destination. */
async function watching(t: ExecutionContext, tls: IdentityFiles, more: object = {}): Promise<Watching> {
  const sources = [{ type: 'listen', name: 'hop', address: '127.0.0.1:1', tls: { ...tls, ...more } }];
  const destinations = [{ name: 'next', address: '127.0.0.1:2', tls: { ...tls, ...more } }];
  const config = await load(
    t,
    `${MINIMAL}sources: ${JSON.stringify(sources)}\ndestinations: ${JSON.stringify(destinations)}\n`,
  );
  const { logger, lines } = captureLogger();
  let now = Date.now();
  const limits = { reloadMs: 100, handshakesPerSecondMax: 1, handshakeTimeoutMs: 1 };
  const gate = new TlsGate({ ...tls, ...limits }, captureLogger().logger);
  await gate.open();
  const credentials = new Credentials({ tls }, logger.child({ destination: 'next' }));
  const links = () => {
    const { inUse } = credentials;
    const hop = { link: 'sources.hop', files: tls, identity: gate.identity };
    return inUse === null ? [hop] : [hop, { link: 'destinations.next', ...inUse }];
  };
  const watch = new CertificateWatch(links, logger, () => now);
  t.teardown(() => {
    watch.close();
    gate.close();
  });
  await watch.follow(config);
  const pass = async (days: number) => {
    now += days * DAY_MS;
    await watch.look();
  };
  return { watch, lines, pass };
}

test('unannounced-expiry: a certificate near its end is told once a day, and every day when it has ended', async (t) => {
  const certificates = await Certificates.create(t);
  const { lines, pass } = await watching(t, await certificates.issue('a', [], 40));
  t.is(lines.length, 0);
  await pass(9);
  t.is(lines.length, 0);
  await pass(2);
  const said = lines.map(({ level, msg, link, certificate, daysLeft }) => ({
    level,
    msg,
    link,
    certificate,
    daysLeft,
  }));
  const soon = { level: 40, msg: 'the certificate of a link ends soon: renew it', daysLeft: 28 };
  t.deepEqual(said, [
    { ...soon, link: 'sources.hop', certificate: 'own' },
    { ...soon, link: 'destinations.next', certificate: 'own' },
  ]);
  await pass(0.5);
  t.is(lines.length, 2, 'once a day');
  await pass(0.5);
  t.is(lines.length, 4);
  await pass(28);
  t.is(lines.length, 6);
  t.like(lines[4], { level: 50, link: 'sources.hop' });
  t.regex(lines[4]?.msg ?? '', /has expired, no peer takes it any more: renew it/);
});

test('how long there is, of the certificate and of its authority; expiryWarningMs says when it is told', async (t) => {
  const certificates = await Certificates.create(t);
  const { watch, lines, pass } = await watching(t, await certificates.issue('a', [], 40), {
    expiryWarningMs: '50d',
  });
  t.is(lines.length, 2);
  const days = () =>
    watch.snapshot().map(({ secondsLeft, ...rest }) => [rest, Math.round(secondsLeft / 86_400)]);
  const ofLink = (link: string, own: number, authority: number) => [
    [{ link, certificate: 'own' }, own],
    [{ link, certificate: 'authority' }, authority],
  ];
  t.deepEqual(days(), [...ofLink('sources.hop', 40, 100), ...ofLink('destinations.next', 40, 100)]);
  await pass(60);
  t.deepEqual(days().slice(0, 2), ofLink('sources.hop', -20, 40));
  t.true(lines.some(({ msg }) => msg === 'the authority of a link ends soon: replace it'));
  await certificates.issue('a', [], 90);
  await pass(0);
  t.deepEqual(days().slice(2), ofLink('destinations.next', 30, 40));
  await until('the listener uses it', () => days()[0]?.[1] === 30, { show: () => JSON.stringify(days()) });
});

test('of two authorities in one file the last to end counts', async (t) => {
  const certificates = await Certificates.create(t);
  const files = await certificates.issue('a', [], 40);
  const old = await createAuthority('old', 5);
  await writeFile(files.caFile, `${old.certificate}${certificates.authority.certificate}`);
  const { watch, lines } = await watching(t, files);
  t.is(Math.round((watch.snapshot()[1]?.secondsLeft ?? 0) / 86_400), 100);
  t.deepEqual(lines, []);
});

test('files that are gone or do not fit: what was read before counts, and a destination is told early', async (t) => {
  const certificates = await Certificates.create(t);
  const files = await certificates.issue('a', [], 40);
  const { watch, lines } = await watching(t, files);
  await rm(files.certFile);
  await watch.look();
  await watch.look();
  t.is(Math.round((watch.snapshot()[0]?.secondsLeft ?? 0) / 86_400), 40);
  t.is(lines.length, 1);
  t.like(lines[0], {
    level: 40,
    destination: 'next',
    msg: 'new certificate files are not used: those read before stay in use',
  });
});

test('false-alarm: after a reload it is told what the links use, not what lies in the files', async (t) => {
  const certificates = await Certificates.create(t);
  const files = await certificates.issue('a', ['127.0.0.1'], 40);
  const tls = JSON.stringify(files);
  const { file } = await write(
    t,
    `${MINIMAL}sources:
  - { type: listen, name: hop, address: '127.0.0.1:0', tls: ${tls} }
destinations:
  - { name: next, address: '127.0.0.1:1', tls: ${tls} }
`,
  );
  const { logger, lines } = captureLogger();
  const agent = await Agent.start(await loadConfig(file), logger);
  t.teardown(() => agent.close());
  const days = () => agent.snapshot().certificates.map(({ secondsLeft }) => Math.round(secondsLeft / 86_400));
  t.deepEqual(days(), [40, 100, 40, 100]);
  await certificates.issue('a', ['127.0.0.1'], -1);
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace('name: next', 'name: next, policy: dropOldest'),
  );
  await agent.reload();
  t.is(agent.snapshot().configuration.generation, 2, JSON.stringify(lines.slice(-3)));
  t.deepEqual(days(), [40, 100, 40, 100]);
  t.deepEqual(
    lines.filter(({ msg }) => /has expired/.test(msg)),
    [],
  );
});
