// A cursor that outgrows its slot stalls its cluster for good: so what can be done without gives way, counted.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CursorFile, type CursorState, type MemberCursor } from '../../../agent/log/cursor.ts';
import { fitted } from '../../../agent/log/cursor-fit.ts';
import { FORMER } from '../../../agent/log/cursor-terms.ts';
import { ModelDisk } from './model-disk.ts';
import { randomOf } from './random.ts';

const DIR = '/model/log';
/** Of 900 TB, in a hundred million million events. */
const BASE = { offset: 9e14, events: 9e13 };
const SEQUENCE = 9e11;
const range = (at: number) =>
  [BASE.offset + at, BASE.events + at, BASE.offset + at + 7, BASE.events + at + 3] as const;
const setOf = (at: number) =>
  Buffer.from(Array.from({ length: 32 }, (_, byte) => (byte * 7 + at) & 255)).toString('base64');

const EMPTY: MemberCursor = {
  epoch: 4_000,
  given: SEQUENCE,
  reached: { sequence: SEQUENCE, offset: BASE.offset, events: BASE.events, crc: 2 ** 32 - 1 },
  held: [],
  doubts: [],
  keyedHeld: [],
  keyedDoubts: [],
  unlisted: { events: 0, bytes: 0 },
};

/** `lanes` members, of which the first 64 hold the parts; the doubts are those of all. */
function stateOf({ lanes = 128, parts = 200, doubts = 256, gaps = 100 } = {}): CursorState {
  const members: Record<string, MemberCursor> = {};
  for (let lane = 0; lane < lanes; lane++) {
    const own = (count: number, among: number) =>
      Array.from({ length: count }, (_, at) => at).filter((at) => at % among === lane);
    const held = own(parts, 64);
    const open = own(doubts, lanes);
    members[`m${lane}`.padEnd(64, 'x')] = {
      ...EMPTY,
      given: SEQUENCE + lane,
      held: held.map((at) => [SEQUENCE + at, ...range(at)] as const),
      keyedHeld: held.map((at) => [at, ...range(at)] as const),
      doubts: open.map((at) => [SEQUENCE + at, at % 2, ...range(at)] as const),
      keyedDoubts: open.map((at) => [parts + at, ...range(at)] as const),
      lostEvents: lane,
    };
  }
  const listed = (at: number) => ({
    from: { offset: BASE.offset - 1000 + 2 * at, events: BASE.events - 1000 + 2 * at },
    to: { offset: BASE.offset - 999 + 2 * at, events: BASE.events - 999 + 2 * at },
    reason: at % 2 === 0 ? ('dropNewest' as const) : ('damaged' as const),
    announced: true,
  });
  return {
    version: 1,
    destination: 'sink',
    stream: '0'.repeat(32),
    epoch: 1,
    epochStart: { offset: 0, events: 0 },
    session: 2e12,
    start: { offset: 0, events: 0 },
    position: BASE,
    last: null,
    skipped: { damaged: { events: 5, bytes: 50 } },
    dropped: {},
    gaps: Array.from({ length: gaps }, (_, at) => listed(at)),
    cluster: {
      sequence: SEQUENCE + 1_000,
      epoch: 5_000,
      frontier: { offset: BASE.offset + 1_000, events: BASE.events + 1_000 },
      live: null,
      returned: [],
      members,
      slotSets: Array.from({ length: parts + doubts }, (_, at) => setOf(at)),
      had: { events: 1, bytes: 2 },
    },
  };
}

const membersOf = (state: CursorState) => Object.entries(state.cluster?.members ?? {});

/** What must be the same, whatever gave way. */
function totalsOf(state: CursorState) {
  const totals = { doubtful: { events: 0, bytes: 0 }, lost: 0, gone: { events: 0, bytes: 0 } };
  for (const [, { doubts, unlisted, lostEvents = 0 }] of membersOf(state)) {
    totals.lost += lostEvents;
    totals.doubtful.events += unlisted.events;
    totals.doubtful.bytes += unlisted.bytes;
    for (const [, , from, before, to, at] of doubts) {
      totals.doubtful.events += at - before;
      totals.doubtful.bytes += to - from;
    }
  }
  for (const { events, bytes } of [...Object.values(state.skipped), ...Object.values(state.dropped)]) {
    totals.gone.events += events;
    totals.gone.bytes += bytes;
  }
  for (const { from, to } of state.gaps) {
    totals.gone.events += to.events - from.events;
    totals.gone.bytes += to.offset - from.offset;
  }
  return totals;
}

/** Who holds what, each with its slots in words. */
function heldOf(state: CursorState) {
  const sets = state.cluster?.slotSets ?? [];
  return membersOf(state)
    .filter(([, { held }]) => held.length > 0)
    .map(([name, { epoch, reached, held, keyedHeld = [] }]) => {
      return { name, epoch, reached, held, keyed: keyedHeld.map(([slots, ...log]) => [sets[slots], ...log]) };
    });
}

async function kept(t: ExecutionContext, state: CursorState): Promise<CursorState> {
  const disk = new ModelDisk(randomOf(1));
  const options = { dir: DIR, destination: 'sink', durable: true };
  const { file } = await CursorFile.open(disk, { ...options, fresh: () => stateOf({ lanes: 1 }) });
  await t.notThrowsAsync(file.write(state));
  await file.close();
  t.is(disk.paths().filter((path) => path === join(DIR, 'cursors', 'sink.cursor')).length, 1);
  const again = await CursorFile.open(disk, { ...options, fresh: () => stateOf({ lanes: 1 }) });
  await again.file.close();
  return again.state;
}

test('outgrown-cursor: the most that keyHash allows fits its slot, and nothing is uncounted', async (t) => {
  const state = stateOf();
  t.true(JSON.stringify(state).length > 2 * 64 * 1024, 'far too large as it is');
  const found = await kept(t, state);
  t.deepEqual(heldOf(found), heldOf(state));
  t.deepEqual(totalsOf(found), totalsOf(state));
  t.is(found.position.offset, state.position.offset);
  for (const [name, { epoch }] of membersOf(found)) {
    if (name === FORMER) t.true(epoch > 5_000 && epoch <= (found.cluster?.epoch ?? 0));
  }
});

test('outgrown-cursor: as little as is needed gives way, what costs least first', async (t) => {
  const state = stateOf({ doubts: 128, gaps: 0, parts: 64 });
  const whole = JSON.stringify(state).length;
  const withoutSome = fitted(state, whole - 1_000);
  t.is(membersOf(withoutSome).length, 128, 'lanes with something to tell stay while doubts can go');
  const doubts = (of: CursorState) => membersOf(of).reduce((sum, [, { doubts }]) => sum + doubts.length, 0);
  t.true(doubts(withoutSome) < 128 && doubts(withoutSome) > 100);
  t.true(
    membersOf(withoutSome).every(([, { doubts: left }]) => left.every(([, confirmed]) => confirmed === 1)) ||
      doubts(withoutSome) >= 64,
    'those that nobody has confirmed go first',
  );
  t.true(JSON.stringify(withoutSome).length <= whole - 1_000);
  t.deepEqual(totalsOf(withoutSome), totalsOf(state));
  t.deepEqual(heldOf(withoutSome), heldOf(state));
});

test('outgrown-cursor: of blank lanes those go that were given something longest ago, never one that is live', async (t) => {
  const { cluster, ...state } = stateOf({ parts: 0, doubts: 0, gaps: 0 });
  if (cluster === undefined) throw new Error('no cluster');
  const blank = Object.entries(cluster.members).map(([name, member]) => {
    const { lostEvents: _, ...rest } = member;
    return [name, rest] as const;
  });
  const [first, second] = blank.map(([name]) => name);
  const live = { member: first ?? '', sequence: SEQUENCE, limit: BASE.offset };
  const full: CursorState = { ...state, cluster: { ...cluster, live, members: Object.fromEntries(blank) } };
  const small = fitted(full, JSON.stringify(full).length - 1_500);
  const names = membersOf(small).map(([name]) => name);
  t.true(names.length >= 120 && names.length < 128, `${names.length}`);
  t.true(names.includes(first ?? ''));
  t.false(names.includes(second ?? ''));
  t.true(names.includes(blank.at(-1)?.[0] ?? ''));
  t.deepEqual(await kept(t, small), small);
});
