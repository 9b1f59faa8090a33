// TLS between a real sender and a real receiver: who is let in, who is not, and what happens when certificates change.

import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import test from 'ava';
import { createAuthority, issue } from '../../../scripts/certs/authority.ts';
import { until } from '../source/until.ts';
import { Certificates, hop, saysProblem } from './hop.ts';

const LISTEN = { reloadMs: 100, handshakesPerSecondMax: 1_000 };

test('certificates on both sides: everything arrives, over TLS 1.3', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const sender = await certificates.issue('sender');
  const { listening, send } = await hop(
    t,
    { tls: { ...receiver, ...LISTEN, allow: ['sender'] } },
    { tls: sender },
  );
  await send('one\n'.repeat(10_000));
  await send('two\n');
  await listening.delivers(`${'one\n'.repeat(10_000)}two\n`);
  listening.conserves();
});

test('the receiver must be who is meant: by instance, by configured name, or by the host of the address', async (t) => {
  const certificates = await Certificates.create(t);
  const tls = { ...(await certificates.issue('receiver')), ...LISTEN };
  const sender = await certificates.issue('sender');
  const byHost = await hop(t, { tls }, { tls: sender });
  await saysProblem(
    byHost,
    /^cannot connect to .*: its certificate is not for 127\.0\.0\.1, but for DNS:receiver: set tls\.name /,
  );
  const byName = await hop(t, { tls }, { tls: { ...sender, name: 'receiver' } });
  await byName.send('one\n');
  await byName.listening.delivers('one\n');
  const byOther = await hop(t, { tls }, { tls: { ...sender, name: 'receiver2' } });
  await byOther.send('never\n');
  await saysProblem(byOther, /receiver2/);
  t.is((await byOther.listening.events()).length, 0);
});

test('foreign, expired and missing certificates of a sender, and one that is not allowed', async (t) => {
  const certificates = await Certificates.create(t);
  const tls = { ...(await certificates.issue('receiver', ['127.0.0.1'])), ...LISTEN, allow: ['sender'] };
  const foreign = await certificates.issue('foreign');
  const other = await createAuthority('test', 100);
  const { certificate, key } = await issue(other, { name: 'sender', addresses: [] }, 60);
  await writeFile(foreign.certFile, certificate);
  await writeFile(foreign.keyFile, key);
  const stranger = await hop(t, { tls }, { tls: foreign });
  await stranger.send('never\n');
  await until('it is counted', () => stranger.listening.outcome('tls') > 2);
  await saysProblem(stranger, /refuses: it does not know the authority of our certificate/);
  const plain = await hop(t, { tls }, {});
  await plain.send('never\n');
  await until('it is counted', () => plain.listening.outcome('tls') > 2);
  await saysProblem(plain, /closed the connection before it answered: does it expect TLS\?/);
  const unwanted = await hop(t, { tls }, { tls: await certificates.issue('unwanted') });
  await unwanted.send('never\n');
  await until('it is counted', () => unwanted.listening.outcome('not-authorized') > 2);
  await saysProblem(unwanted, /refuses: our certificate is in order, but its name is not allowed there$/);
  for (const { listening } of [stranger, plain, unwanted]) {
    t.is((await listening.events()).length, 0);
    const { accepted = 0, ...ended } = listening.source.snapshot().connections ?? {};
    const endings = Object.values(ended).reduce((sum, count) => sum + count, 0);
    t.true(accepted - endings <= 1, 'every end is counted');
    t.true(listening.lines.filter(({ level }) => level >= 40).length <= 2, JSON.stringify(listening.lines));
  }
});

test('a new certificate is used for new connections; a bad one changes nothing and says why', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const sender = await certificates.issue('sender');
  const { listening, destination, send } = await hop(t, { tls: { ...receiver, ...LISTEN } }, { tls: sender });
  await send('one\n');
  await listening.delivers('one\n');
  const good = await readFile(receiver.certFile);
  await writeFile(receiver.certFile, 'not a certificate');
  await until('it says why', () =>
    listening.lines.some(({ detail }) => String(detail).includes('there is no PEM certificate in')),
  );
  t.is(destination.problem, null, 'who is connected stays');
  const late = await hop(
    t,
    {},
    { tls: sender, to: { by: 'address', address: listening.source.address }, name: 'late' },
  );
  await late.send('two\n');
  await listening.delivers('one\ntwo\n');
  await writeFile(receiver.certFile, good);
  await certificates.issue('receiver', ['127.0.0.9']);
  await until('it is in use', () =>
    listening.lines.some(({ msg }) => msg === 'a new certificate is used from now on'),
  );
  const later = await hop(t, {}, { tls: sender, to: { by: 'address', address: listening.source.address } });
  await saysProblem(later, /not for 127\.0\.0\.1, but for DNS:receiver, IP Address:127\.0\.0\.9/);
  await send('three\n');
  await listening.delivers('one\ntwo\nthree\n');
});

test('renewed-under-load: certificates that are replaced while events flow cost no connection and no event', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const sender = await certificates.issue('sender');
  const tls = { ...receiver, ...LISTEN };
  const { listening, destination, send } = await hop(t, { tls }, { tls: sender });
  const used = () =>
    listening.lines.filter(({ msg }) => msg === 'a new certificate is used from now on').length;
  let expected = '';
  for (let renewal = 1; renewal <= 3; renewal++) {
    // first the key, then the certificate: between them they do not fit
    const renewed = Promise.all([
      certificates.issue('receiver', ['127.0.0.1']),
      certificates.issue('sender'),
    ]);
    await until(
      `renewal ${renewal} is in use`,
      async () => {
        const event = `${renewal} ${expected.length}\n`;
        expected += event;
        await send(event);
        return used() >= renewal;
      },
      { withinMs: 30_000 },
    );
    await renewed;
  }
  await listening.delivers(expected);
  t.is(destination.snapshot().retransmits, 0, 'it was never disconnected');
  t.deepEqual(
    listening.lines.filter(({ level }) => level >= 40),
    [],
  );
});

test('handshake-without-end: who says nothing, or half of a hello, is closed in time', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const { listening } = await hop(
    t,
    { tls: { ...receiver, ...LISTEN }, handshakeTimeoutMs: 200 },
    { tls: await certificates.issue('sender') },
  );
  const { host, port } = listening.source.address;
  for (const said of ['', '\x16', '\x16\x03\x01\x02\x00\x01']) {
    const socket = net.connect(port, host);
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    if (said !== '') socket.write(said, 'latin1');
    socket.resume();
    await closed;
  }
  await until('they are counted', () => listening.outcome('tls') >= 3);
  t.pass();
});
