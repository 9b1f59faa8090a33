// A sender whose own disk stalls must not blame a member for it: what the member holds stays with the member.

import test from 'ava';
import { systemError } from '../../log/model-disk.ts';
import { until } from '../../source/until.ts';
import { clustering } from './clustering.ts';

test('own-slow-disk: a member that is greeted late, because the cursor could not be written, keeps what it holds', async (t) => {
  const { disk, members, destination, send } = await clustering(
    t,
    2,
    { strategy: 'failover', ackTimeoutMs: 5_000, handoverMs: 400 },
    { connectTimeoutMs: 200, peerTimeoutMs: 60_000 },
  );
  const [b1, b2] = members;
  if (b1 === undefined || b2 === undefined) throw new Error('two members');
  const first = await b1.peer(0);
  first.welcome();
  const other = await b2.peer(0);
  other.welcome();
  await send('one');
  await first.until(() => first.data.length === 1);
  let failed = 0;
  disk.plan = (_, name, path) => {
    if (name !== 'write' || !path.endsWith('.cursor')) return 'go';
    failed++;
    return systemError('EIO', path);
  };
  first.socket.destroy();
  // tried again every 200 ms: far longer than connectTimeoutMs and handoverMs
  await until('the cursor fails for a while', () => failed >= 8);
  const inDoubt = () => destination.snapshot().cluster?.members.map((member) => member.inDoubt.bytes);
  t.deepEqual(inDoubt(), [0, 0]);
  disk.plan = () => 'go';
  const again = await b1.peer(1);
  again.welcome();
  await again.until(() => again.data.length === 1 || again.closed);
  t.is(again.text, 'one\n');
  t.is(other.text, '');
  t.deepEqual(inDoubt(), [0, 0]);
});

test('own-slow-disk: a member that has answered waits for the cursor as long as it takes', async (t) => {
  const { disk, members, destination } = await clustering(
    t,
    1,
    { handoverMs: 100, ackTimeoutMs: 100 },
    { connectTimeoutMs: 200, peerTimeoutMs: 60_000 },
  );
  const [b1] = members;
  if (b1 === undefined) throw new Error('a member');
  const first = await b1.peer(0);
  let failed = 0;
  disk.plan = (_, name, path) => {
    if (name !== 'write' || !path.endsWith('.cursor')) return 'go';
    failed++;
    return systemError('EIO', path);
  };
  first.welcome();
  await until('the cursor fails for a while', () => failed >= 4);
  t.false(first.closed);
  disk.plan = () => 'go';
  await until('it is connected', () => destination.problem === null);
  t.is(b1.connections, 1);
});

test('own-slow-disk: attempts that reach nobody write the cursor once, not each time', async (t) => {
  const { members, destination } = await clustering(t, 1, { probeMinMs: 5, probeMaxMs: 5 });
  const [b1] = members;
  if (b1 === undefined) throw new Error('a member');
  const first = await b1.peer(0);
  first.welcome();
  await until('it is connected', () => destination.problem === null);
  b1.close();
  await until('it cannot be reached', () => /cannot connect/.test(destination.problem ?? ''));
  const { position } = destination.succession;
  const { session } = position.state;
  const since = performance.now();
  await until('it was tried many times', () => performance.now() > since + 300);
  t.is(position.state.session, session);
});
