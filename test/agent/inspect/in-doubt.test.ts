// What members of a cluster may have twice, shown by range, and given up by an operator.

import test, { type ExecutionContext } from 'ava';
import { moveCursor } from '../../../agent/inspect/rewind.ts';
import { writeCursor } from '../../../agent/inspect/write-cursor.ts';
import type { CursorState } from '../../../agent/log/cursor.ts';
import { realDisk } from '../../../agent/log/disk.ts';
import { surveyCursor } from '../../../agent/log/survey.ts';
import { agent, DELIVERED, type Example, example, jsonOf, SINK } from './written-log.ts';

const reached = { sequence: 1, offset: 10, events: 1, crc: null };
const nothing = { events: 0, bytes: 0 };

async function stateIn(dir: string): Promise<CursorState> {
  const state = (await surveyCursor(realDisk, dir, SINK))?.state;
  if (state == null) throw new Error('no cursor');
  return state;
}

/** The example, with a cluster in the place of its destination: b1 is lost, b2 holds what it did not acknowledge. */
async function clustered(t: ExecutionContext): Promise<Example> {
  const written = await example(t);
  const { dir } = written;
  const state = await stateIn(dir);
  const at = state.position;
  const to = written.written[DELIVERED];
  if (to === undefined) throw new Error('nothing was written');
  const end = { offset: to.from + to.bytes.length, events: at.events + to.events };
  const range = [at.offset, at.events, end.offset, end.events] as const;
  const cluster = {
    sequence: 3,
    epoch: 2,
    frontier: end,
    live: null,
    returned: [],
    had: { events: 4, bytes: 44 },
    members: {
      b1: {
        epoch: 1,
        given: 2,
        reached,
        held: [],
        doubts: [[2, 0, ...range] as const],
        unlisted: { events: 7, bytes: 70 },
      },
      b2: { epoch: 2, given: 3, reached, held: [[3, ...range] as const], doubts: [], unlisted: nothing },
    },
  };
  await writeCursor(realDisk, dir, { ...state, cluster });
  return written;
}

test('dump --in-doubt lists the ranges, and says what is not listed', async (t) => {
  const { dir, written } = await clustered(t);
  const batch = written[DELIVERED];
  const { status, stdout } = await agent('dump', dir, '--in-doubt');
  t.is(status, 0);
  t.regex(stdout.toString(), new RegExp(`sink +b1 +${batch?.from} `));
  t.regex(stdout.toString(), /and 7 events, 70 bytes that b1 of sink may have, not listed by range/);
  const json = (await agent('dump', dir, '--in-doubt', '--json')).stdout.toString().trim().split('\n');
  const [range, unlisted] = json.map((line) => JSON.parse(line) as Record<string, unknown>);
  t.like(range, {
    destination: SINK,
    member: 'b1',
    from: batch?.from,
    events: batch?.events,
    confirmed: false,
  });
  t.like(unlisted, { member: 'b1', events: 7, bytes: 70, unlisted: true });
  t.is((await agent('dump', dir, '--in-doubt', '--headers')).status, 2);
});

test('a log without clusters has nothing in doubt', async (t) => {
  const { dir } = await example(t);
  const { status, stdout } = await agent('dump', dir, '--in-doubt');
  t.is(status, 0);
  t.is(stdout.toString(), 'nothing is in doubt\n');
});

test('ls and cursor show a cluster and its members', async (t) => {
  const { dir, written } = await clustered(t);
  const events = written[DELIVERED]?.events ?? 0;
  const ls = (await agent('ls', dir)).stdout.toString();
  t.regex(ls, new RegExp(`cluster of b1 b2, doubled 4 events, in doubt: b1 ${events + 7}`));
  const shown = (await agent('cursor', dir, 'show', SINK)).stdout.toString();
  t.regex(shown, new RegExp(`member {4}b1: holds 0 events, ${events + 7} events in doubt`));
  t.regex(shown, new RegExp(`member {4}b2: holds ${events} events, 0 events in doubt`));
  t.is((await agent('fsck', dir)).status, 0);
});

test('settle gives up on a member, when it is meant', async (t) => {
  const { dir, written } = await clustered(t);
  const events = written[DELIVERED]?.events ?? 0;
  const unsure = await agent('cursor', dir, 'settle', SINK, 'b1');
  t.is(unsure.status, 2);
  t.regex(unsure.stderr, new RegExp(`${events + 7} events, .* that b1 may have are in doubt`));
  const stranger = await agent('cursor', dir, 'settle', SINK, 'b9', '--yes');
  t.is(stranger.status, 2);
  t.regex(stranger.stderr, /no member b9 of sink: its members are b1, b2/);
  const done = jsonOf(await agent('cursor', dir, 'settle', SINK, 'b1', '--yes', '--json'));
  t.like(done, { member: 'b1', settled: { events: events + 7 } });
  const { cluster } = await stateIn(dir);
  t.deepEqual(cluster?.members['b1']?.doubts, []);
  t.is(cluster?.had.events, 4);
  t.is(cluster?.members['b2']?.held.length, 1);
});

test('a rewind begins the lanes of a cluster anew, and a step forward leaves to members what they hold', async (t) => {
  const { dir } = await clustered(t);
  const state = await stateIn(dir);
  const back = moveCursor(state, state.start);
  if (back.kind !== 'back') throw new Error(back.kind);
  t.is(back.state.cluster, undefined);
  t.is(back.state.epoch, state.epoch + 1);
  const frontier = state.cluster?.frontier ?? state.position;
  t.is(moveCursor(state, frontier).kind, 'stay');
  const to = { offset: frontier.offset + 10, events: frontier.events + 1 };
  const forward = moveCursor(state, to);
  if (forward.kind !== 'forward') throw new Error(forward.kind);
  t.deepEqual(forward.state.gaps.at(-1), { from: frontier, to, reason: 'dropOldest', announced: false });
});

test('doubts-vanish-on-rewind: a rewind of a cluster says how much was in doubt and is given up', async (t) => {
  const { dir, written } = await clustered(t);
  const events = (written[DELIVERED]?.events ?? 0) + 7;
  const unsure = await agent('cursor', dir, 'rewind', SINK, '--to', 'oldest');
  t.is(unsure.status, 2);
  t.regex(
    unsure.stderr,
    new RegExp(`${events} events, .* its members may have are in doubt and given up.*--yes`),
  );
  const done = jsonOf(await agent('cursor', dir, 'rewind', SINK, '--to', 'oldest', '--yes', '--json'));
  t.like(done, { moved: 'back', givenUp: { events } });
});
