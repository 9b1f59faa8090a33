// An operator's hand on a destination's cursor: only when it is meant, never beside a running agent, and never off a
// batch boundary.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { moveCursor } from '../../../agent/inspect/rewind.ts';
import { lockDirectory } from '../../../agent/lock.ts';
import type { CursorState } from '../../../agent/log/cursor.ts';
import { realDisk } from '../../../agent/log/disk.ts';
import { EventLog } from '../../../agent/log/log.ts';
import { surveyCursor } from '../../../agent/log/survey.ts';
import { Position } from '../../../agent/sink/position.ts';
import { agent, contentOf, DELIVERED, example, jsonOf, optionsFor, SINK, total } from './written-log.ts';

async function stateIn(dir: string): Promise<CursorState> {
  const state = (await surveyCursor(realDisk, dir, SINK))?.state;
  if (state == null) throw new Error('no cursor');
  return state;
}

/** What an agent that starts now counts for the destination. */
async function talliesIn(dir: string) {
  const log = await EventLog.open(optionsFor(dir));
  const position = await Position.open(log, SINK, 'oldest');
  const tallies = position.tallies();
  await position.close();
  await log.close();
  return tallies;
}

test('droped-and-rewinded: what is asked for is said in English', async (t) => {
  const { dir } = await example(t);
  for (const [verb, done] of [
    ['drop', 'dropped'],
    ['rewind', 'rewound'],
    ['settle', 'settled'],
    ['renew', 'renewed'],
  ] as const) {
    const { status, stderr } = await agent('cursor', dir, verb);
    t.is(status, 2);
    t.true(stderr.includes(`which destination is to be ${done}`), stderr);
  }
});

test('show, and show of what is not there', async (t) => {
  const { dir, written } = await example(t);
  const { status, stdout } = await agent('cursor', dir, 'show', SINK);
  t.is(status, 0);
  t.regex(stdout.toString(), new RegExp(`position {2}offset ${written[DELIVERED]?.from}, event \\d+`));
  const missing = await agent('cursor', dir, 'show', 'sunk');
  t.is(missing.status, 2);
  t.regex(missing.stderr, /no cursor of sunk in .*: there are sink/);
});

test('a rewind goes to the batch boundary at or below, in a new epoch, when it is meant', async (t) => {
  const { dir, written } = await example(t);
  const target = written[7];
  if (target === undefined) throw new Error('no batch');
  const order = ['cursor', dir, 'rewind', SINK, '--to', String(target.from + 5)];
  const before = await contentOf(dir);
  const asked = await agent(...order);
  t.is(asked.status, 2);
  t.regex(asked.stderr, new RegExp(`goes back from ${written[DELIVERED]?.from} to ${target.from}, .* --yes`));
  const unchanged = await contentOf(dir);
  delete unchanged[join(dir, 'LOCK')];
  delete before[join(dir, 'LOCK')];
  t.deepEqual(unchanged, before);

  const done = await agent(...order, '--yes', '--json');
  t.is(done.status, 0, done.stderr);
  const again = total(written.slice(7, DELIVERED));
  t.like(jsonOf(done), { moved: 'back', epoch: 2 });
  t.deepEqual(jsonOf(done)['between'], again);
  const state = await stateIn(dir);
  const mark = { offset: target.from, events: total(written.slice(0, 7)).events };
  t.like(state, { epoch: 2, last: null });
  t.deepEqual([state.start, state.epochStart, state.position], [mark, mark, mark]);
  const rest = total(written.slice(7));
  t.deepEqual(await talliesIn(dir), {
    appended: rest,
    buffered: rest,
    acknowledged: { events: 0, bytes: 0 },
    skipped: {},
    dropped: {},
  });
  t.is((await agent('fsck', dir)).status, 0);
});

test('forward: what lies between is counted as dropped, in the same epoch', async (t) => {
  const { dir, written } = await example(t);
  const target = written[40];
  if (target === undefined) throw new Error('no batch');
  const to = new Date(target.timeMs).toISOString();
  t.is((await agent('cursor', dir, 'rewind', SINK, '--to', to, '--yes')).status, 0);
  const state = await stateIn(dir);
  t.is(state.epoch, 1);
  t.deepEqual(await talliesIn(dir), {
    appended: total(written),
    buffered: total(written.slice(40)),
    acknowledged: total(written.slice(0, DELIVERED)),
    skipped: {},
    dropped: { dropOldest: total(written.slice(DELIVERED, 40)) },
  });
});

test('oldest, newest, where it is already, and where the log does not reach', async (t) => {
  const { dir, written } = await example(t);
  const rewind = (to: string) => agent('cursor', dir, 'rewind', SINK, '--to', to, '--yes');
  const here = await rewind(String(written[DELIVERED]?.from));
  t.is(here.status, 0);
  t.regex(here.stdout.toString(), /already: nothing to do/);
  t.is((await rewind('oldest')).status, 0);
  t.is((await stateIn(dir)).position.offset, 0);
  t.is((await rewind('newest')).status, 0);
  t.deepEqual((await stateIn(dir)).gaps[0]?.to, {
    offset: total(written).bytes,
    events: total(written).events,
  });
  const beyond = await rewind(String(total(written).bytes + 1));
  t.is(beyond.status, 2);
  t.regex(beyond.stderr, /the log does not hold offset \d+: it holds 0 to \d+/);
});

test('renew: a new epoch where it is, only when it is meant', async (t) => {
  const { dir, written } = await example(t);
  const refused = await agent('cursor', dir, 'renew', SINK);
  t.is(refused.status, 2);
  t.regex(refused.stderr, /goes on at \d+ in a new epoch, 2.*say --yes/);
  t.is((await stateIn(dir)).epoch, 1);
  t.is((await agent('cursor', dir, 'renew', SINK, '--yes')).status, 0);
  const state = await stateIn(dir);
  t.like(state, { epoch: 2, last: null });
  t.is(state.position.offset, total(written.slice(0, DELIVERED)).bytes);
  t.deepEqual(state.epochStart, state.position);
  const rest = total(written.slice(DELIVERED));
  t.like(await talliesIn(dir), { appended: rest, buffered: rest, skipped: {}, dropped: {} });
});

test('drop: only when it is meant where something waits; the file is gone then', async (t) => {
  const { dir, written } = await example(t);
  const waiting = await agent('cursor', dir, 'drop', SINK);
  t.is(waiting.status, 2);
  t.regex(waiting.stderr, /has not got [\d,]+ events.*say --yes/);
  t.is((await agent('cursor', dir, 'drop', '../identity', '--yes')).status, 2);
  const dropped = await agent('cursor', dir, 'drop', SINK, '--yes', '--json');
  t.is(dropped.status, 0);
  t.deepEqual(jsonOf(dropped)['lag'], total(written.slice(DELIVERED)));
  t.deepEqual(await readdir(join(dir, 'cursors')), []);
});

test('what changes something is refused while an agent runs', async (t) => {
  const { dir } = await example(t);
  await using _lock = await lockDirectory(dir);
  const before = await contentOf(dir);
  for (const order of [
    ['drop', SINK, '--yes'],
    ['rewind', SINK, '--to', 'oldest', '--yes'],
  ]) {
    const { status, stderr } = await agent('cursor', dir, ...order);
    t.is(status, 1);
    t.regex(stderr, /is in use by process \d+: stop it/);
  }
  t.deepEqual(await contentOf(dir), before);
  t.is((await agent('cursor', dir, 'show')).status, 0);
});

test('a rewind keeps the ranges above that a policy gave up, and forgets what was counted', (t) => {
  const at = (offset: number) => ({ offset, events: offset / 10 });
  const gap = { from: at(500), to: at(600), reason: 'dropNewest', announced: false } as const;
  const state: CursorState = {
    version: 1,
    destination: 'd',
    stream: '0'.repeat(32),
    epoch: 3,
    epochStart: at(0),
    session: 7,
    start: at(0),
    position: at(400),
    last: { from: 300, crc: 1 },
    skipped: { damaged: { events: 1, bytes: 10 } },
    dropped: { maxAge: { events: 2, bytes: 20 } },
    gaps: [gap],
  };
  const back = moveCursor(state, at(100));
  if (back.kind !== 'back') throw new Error(back.kind);
  t.like(back.state, { epoch: 4, session: 7, last: null });
  t.deepEqual([back.state.gaps, back.state.skipped, back.state.dropped], [[gap], {}, {}]);
  const forward = moveCursor(state, at(700));
  if (forward.kind !== 'forward') throw new Error(forward.kind);
  t.deepEqual(
    forward.state.gaps.map(({ from, to, reason }) => [from.offset, to.offset, reason]),
    [
      [400, 500, 'dropOldest'],
      [500, 600, 'dropNewest'],
      [600, 700, 'dropOldest'],
    ],
  );
});
