// The last known places, and the registry that is only a list.

import test from 'ava';
import { Members } from '../../../agent/registry/members.ts';
import { openRegistry } from '../../../agent/registry/open.ts';
import type { Endpoint } from '../../../agent/registry/registry.ts';

const place = (port: number): Endpoint => ({ id: 'b', address: { host: '127.0.0.3', port } });
const microtasks = () => new Promise((resolve) => setImmediate(resolve));

test('a place that is missing is kept until it has been missing long enough, without a break', async (t) => {
  const members = new Members({ absentMs: 100 });
  const seen: (number | null)[] = [];
  members.watch('b', (endpoint) => void seen.push(endpoint?.address.port ?? null));
  members.observe('b', place(1), 0);
  members.observe('b', null, 10);
  members.observe('b', null, 109);
  t.deepEqual(members.lookup('b'), place(1));
  members.observe('b', place(1), 110);
  members.observe('b', null, 120);
  members.observe('b', null, 219);
  t.deepEqual(members.lookup('b'), place(1));
  members.observe('b', null, 220);
  t.is(members.lookup('b'), null);
  members.observe('b', place(2), 221);
  await microtasks();
  t.deepEqual(seen, [1, null, 2]);
});

test('a watcher is told after watch() has returned, what is known already too, and never once stopped', async (t) => {
  const members = new Members({ absentMs: 0 });
  const seen: string[] = [];
  const stop = members.watch('b', () => void seen.push('first'));
  members.observe('b', place(1), 0);
  members.watch('b', () => void seen.push('second'));
  t.deepEqual(seen, []);
  stop();
  await microtasks();
  t.deepEqual(seen, ['second']);
});

test('a-restart-is-no-news: an instance that was started again at its place is told once more', async (t) => {
  const members = new Members({ absentMs: 100 });
  const seen: (string | undefined)[] = [];
  members.watch('b', (endpoint) => void seen.push(endpoint?.session));
  t.true(members.observe('b', { ...place(1), session: 'first' }, 0));
  t.false(members.observe('b', { ...place(1), session: 'first' }, 1));
  t.true(members.observe('b', { ...place(1), session: 'second' }, 2));
  await microtasks();
  t.deepEqual(seen, ['first', 'second']);
});

test('one function given twice is two watches', async (t) => {
  const members = new Members({ absentMs: 0 });
  let calls = 0;
  const count = () => void calls++;
  const stop = members.watch('b', count);
  members.watch('b', count);
  stop();
  members.observe('b', place(1), 0);
  await microtasks();
  t.is(calls, 1);
});

test('an instance that nobody watches any more is forgotten', (t) => {
  const members = new Members({ absentMs: 0 });
  members.watch('b', t.fail.bind(null, 'told'))();
  t.deepEqual(members.ids(), []);
  t.false(members.observe('b', place(1), 0));
});

const silent = { info() {}, warn() {} };

test('the static registry knows its list and nobody else', async (t) => {
  const registry = await openRegistry({ type: 'static', instances: { b: place(1).address } }, silent);
  const seen: (Endpoint | null)[] = [];
  registry.watch('b', (endpoint) => void seen.push(endpoint));
  registry.watch('toString', (endpoint) => void seen.push(endpoint));
  await microtasks();
  t.deepEqual(seen, [place(1), null]);
  t.deepEqual(registry.lookup('b'), place(1));
  await registry.register({ id: 'a', owner: 'o', role: 'agent', version: '0' });
  t.is(registry.state().status, 'ok');
  await registry.close();
  t.is(registry.state().status, 'closed');
});

test('without a registry section nobody is known, and all is well', async (t) => {
  const registry = await openRegistry(undefined, silent);
  t.is(registry.lookup('b'), null);
  t.deepEqual(registry.state(), { status: 'ok', registered: false });
  await registry.close();
});
