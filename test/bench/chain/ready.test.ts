import { createServer } from 'node:net';
import test from 'ava';
import { claimAddress } from '../../../bench/chain/addresses.ts';
import { probe, waitUntil } from '../../../bench/chain/ready.ts';

const HOST = '127.0.0.1';

async function listenSomewhere(): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((settle) => server.listen(0, HOST, settle));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { port, close: () => server.close() };
}

test('an address in use is named together with who holds it', async (t) => {
  const { port, close } = await listenSomewhere();
  t.teardown(close);
  const error = await t.throwsAsync(claimAddress('instance2', HOST, port));
  t.true(error?.message.includes(`instance2 cannot listen on ${HOST}:${port}`), error?.message);
  t.true(error?.message.includes(`pid ${process.pid} (`), error?.message);
});

test('a free address is left free', async (t) => {
  const { port, close } = await listenSomewhere();
  close();
  await claimAddress('instance2', HOST, port);
  await claimAddress('instance2', HOST, port);
  t.not(await probe({ kind: 'tcp', host: HOST, port }), null);
});

test('waiting says what was missing when time is up, and ends at once when aborted', async (t) => {
  const never = () => Promise.resolve('b is not there');
  const error = await t.throwsAsync(waitUntil('no chain', never, 60, new AbortController().signal));
  t.is(error?.message, 'no chain within 0.06 s: b is not there');
  await t.throwsAsync(waitUntil('no chain', never, 60_000, AbortSignal.abort(new Error('stop'))), {
    message: 'stop',
  });
});
