// The members of a cluster: a list that never changes, or whoever the registry tells of.

import test from 'ava';
import type { Instance, OnRoster } from '../../../../agent/registry/registry.ts';
import { Roster } from '../../../../agent/registry/roster.ts';
import { openMembers } from '../../../../agent/sink/cluster/members.ts';

const instance = (id: string, { draining = false, host = '127.0.0.4' } = {}): Instance => ({
  id,
  address: { host, port: 4100 },
  draining,
});
const microtasks = () => new Promise((resolve) => setImmediate(resolve));

function followed() {
  const followers = new Map<string, OnRoster>();
  const follow = (prefix: string, onRoster: OnRoster) => {
    followers.set(prefix, onRoster);
    return () => void followers.delete(prefix);
  };
  return { followers, registry: { follow } };
}

test('a list is what it is, in its order', (t) => {
  const { followers, registry } = followed();
  const listed = ['b2', 'b1'].map((name) => ({ name, host: '::1', port: 4100, draining: false }));
  const members = openMembers({ from: { by: 'list', members: listed }, membersMax: 64 }, registry);
  t.deepEqual(members.current, listed);
  members.onChange(() => t.fail('told of a change'))();
  members.close();
  t.is(followers.size, 0);
});

test('under a prefix: who comes, drains and goes; no more than the limit; silence after close', (t) => {
  const { followers, registry } = followed();
  const members = openMembers({ from: { by: 'prefix', prefix: '/sinks/b' }, membersMax: 2 }, registry);
  const seen: string[] = [];
  members.onChange((all) => void seen.push(all.map((m) => m.name + (m.draining ? '!' : '')).join(' ')));
  const stop = members.onChange(() => void seen.push('second'));
  const tell = followers.get('/sinks/b');
  t.deepEqual(members.current, []);
  t.false(members.isKnown, 'nobody has said yet that there are none');
  tell?.([instance('b1', { host: '::1' })]);
  t.true(members.isKnown);
  t.deepEqual(members.current, [{ name: 'b1', host: '::1', port: 4100, draining: false }]);
  stop();
  tell?.([instance('b1', { draining: true }), instance('b2'), instance('b3')]);
  tell?.([instance('b2')]);
  t.deepEqual(seen, ['b1', 'second', 'b1! b2', 'b2']);
  members.close();
  t.is(followers.size, 0);
  tell?.([]);
  t.is(seen.length, 4);
});

test('roster: one that is missing is kept for a while, one that comes back is not given up', async (t) => {
  const roster = new Roster({ absentMs: 100 });
  const seen: string[] = [];
  roster.follow((all) => void seen.push(all.map(({ id }) => id).join(' ')));
  t.true(roster.observe([instance('b2'), instance('b1')], 0));
  t.false(roster.observe([], 10), 'a registry that was wiped empties nothing');
  t.false(roster.observe([instance('b1')], 50));
  t.true(roster.observe([instance('b1')], 110), 'b2 has been missing since 10');
  t.false(roster.observe([instance('b1')], 120));
  await microtasks();
  t.deepEqual(seen, ['b1 b2', 'b1']);
});

test('roster: a move and a drain are changes; a late follower hears the last state, a stopped one nothing', async (t) => {
  const roster = new Roster({ absentMs: 100 });
  roster.follow(() => t.fail('stopped'))();
  roster.observe([instance('b1')], 0);
  t.true(roster.observe([instance('b1', { host: '127.0.0.5' })], 1));
  t.true(roster.observe([instance('b1', { host: '127.0.0.5', draining: true })], 2));
  t.false(roster.observe([instance('b1', { host: '127.0.0.5', draining: true })], 3));
  const seen: (readonly Instance[])[] = [];
  roster.follow((all) => void seen.push(all));
  t.deepEqual(seen, []);
  await microtasks();
  t.deepEqual(seen, [[instance('b1', { host: '127.0.0.5', draining: true })]]);
});

test('roster: a registry that answers that nobody is there is heard once', async (t) => {
  const roster = new Roster({ absentMs: 100 });
  const seen: number[] = [];
  roster.follow((all) => void seen.push(all.length));
  t.true(roster.observe([], 0));
  t.false(roster.observe([], 1));
  await microtasks();
  t.deepEqual(seen, [0]);
});
