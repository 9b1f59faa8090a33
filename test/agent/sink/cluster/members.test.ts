// The members of a cluster: a list that never changes, or whoever the registry tells of.

import test from 'ava';
import type { Instance, OnRoster } from '../../../../agent/registry/registry.ts';
import { Roster } from '../../../../agent/registry/roster.ts';
import { openMembers } from '../../../../agent/sink/cluster/members.ts';
import { captureLogger } from '../../source/captured-logger.ts';

const { logger } = captureLogger();
const instance = (id: string, { draining = false, host = `${id}.example` } = {}): Instance => ({
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
  const members = openMembers({ from: { by: 'list', members: listed }, membersMax: 64 }, registry, logger);
  t.deepEqual(members.current, listed);
  members.onChange(() => t.fail('told of a change'))();
  members.close();
  t.is(followers.size, 0);
});

test('under a prefix: who comes, drains and goes; no more than the limit; silence after close', (t) => {
  const { followers, registry } = followed();
  const members = openMembers(
    { from: { by: 'prefix', prefix: '/sinks/b' }, membersMax: 2 },
    registry,
    logger,
  );
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

test('recalled members are those until the registry answers, and are told to it', (t) => {
  const told: (readonly Instance[] | undefined)[] = [];
  const followers: OnRoster[] = [];
  const follow = (_: string, onRoster: OnRoster, known?: readonly Instance[]) => {
    followers.push(onRoster);
    told.push(known);
    return () => undefined;
  };
  const from = { from: { by: 'prefix', prefix: '/sinks/b' }, membersMax: 2 } as const;
  const recalled = ['b1', 'b2', 'b3'].map((name) => ({ name, host: name, port: 1, draining: name === 'b2' }));
  const members = openMembers(from, { follow }, logger, new Set(), recalled);
  t.false(members.isKnown);
  t.deepEqual(
    members.current.map(({ name, draining, isRecalled }) => [name, draining, isRecalled]),
    [
      ['b1', false, true],
      ['b2', true, true],
    ],
  );
  t.deepEqual(
    told[0]?.map(({ id }) => id),
    ['b1', 'b2', 'b3'],
  );
  followers[0]?.([instance('b1')]);
  t.true(members.isKnown);
  t.deepEqual(members.current, [{ name: 'b1', host: 'b1.example', port: 4100, draining: false }]);
});

test('members-pushed-out-by-first-ids: members stay, newcomers fill what is left, known ones first', (t) => {
  const { followers, registry } = followed();
  const from = { by: 'prefix', prefix: '/sinks/b' } as const;
  const names = (members: ReturnType<typeof openMembers>) =>
    members.current.map(({ name }) => name).join(' ');
  const members = openMembers({ from, membersMax: 3 }, registry, logger);
  const [m0, m1, h0, h1] = ['m0', 'm1', 'h0', 'h1'].map((id) => instance(id));
  if (!m0 || !m1 || !h0 || !h1) throw new Error('four instances');
  const tell = followers.get('/sinks/b');
  tell?.([m0, m1]);
  tell?.([h0, h1, m0, m1]);
  t.is(names(members), 'h0 m0 m1');
  tell?.([h0, h1, m1]);
  t.is(names(members), 'h0 h1 m1', 'who left the registry frees the place');
  const restarted = openMembers({ from, membersMax: 2 }, registry, logger, new Set(['m0', 'm1']));
  followers.get('/sinks/b')?.([h0, h1, m0, m1]);
  t.is(names(restarted), 'm0 m1');
});

test('strange-registered-ids: what a list refuses is refused, and a second id at an address, each said once', (t) => {
  const { followers, registry } = followed();
  const { logger, lines } = captureLogger();
  const from = { by: 'prefix', prefix: '/sinks/b' } as const;
  const members = openMembers({ from, membersMax: 8 }, registry, logger);
  const all = ['__proto__', 'a/b/c', 'b1'].map((id) => instance(id));
  const twin = { host: 'twin' };
  const tell = followers.get('/sinks/b');
  tell?.([...all, instance('b3', twin)]);
  for (let time = 0; time < 2; time++) tell?.([...all, instance('b2', twin), instance('b3', twin)]);
  t.deepEqual(
    members.current.map(({ name }) => name),
    ['b1', 'b3'],
    'who was there first keeps it',
  );
  t.deepEqual(
    lines.map(({ id }) => id),
    ['__proto__', 'a/b/c', 'b2'],
  );
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

test('roster: those who were there before a start are kept for a while, too, and not told of before the answer', async (t) => {
  const roster = new Roster({ absentMs: 100 });
  const seen: string[] = [];
  roster.expect([instance('b1'), instance('b2', { host: 'old' })]);
  roster.follow((all) => void seen.push(all.map(({ id, address }) => `${id}@${address.host}`).join(' ')));
  await microtasks();
  t.deepEqual(seen, []);
  t.true(roster.observe([instance('b2')], 0), 'a registry that was wiped has not heard of all yet');
  roster.expect([instance('b9')]);
  t.false(roster.observe([instance('b2')], 90));
  t.true(roster.observe([instance('b2')], 110));
  await microtasks();
  t.deepEqual(seen, ['b1@b1.example b2@b2.example', 'b2@b2.example']);
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
