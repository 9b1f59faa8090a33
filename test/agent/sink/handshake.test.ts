// Where a sender goes on by what the receiver answers: nothing that the receiver lacks is left out, nothing it has is
// sent again, and a history that cannot be ours gets a new epoch.

import test, { type ExecutionContext } from 'ava';
import type { EventLog } from '../../../agent/log/log.ts';
import { helloOf, resume } from '../../../agent/sink/handshake.ts';
import { Position } from '../../../agent/sink/position.ts';
import type { Welcome } from '../../../agent/wire/handshake.ts';
import { openOn } from '../log/crash-case.ts';
import { everyBatch } from '../log/examine.ts';
import { appendLines, sourceOf } from '../log/lines.ts';
import { ModelDisk } from '../log/model-disk.ts';
import { randomOf } from '../log/random.ts';
import { LOG_OPTIONS } from './sending.ts';

const LINES = ['zero', 'one', 'two', 'three', 'four'];

/** A log of a few batches, and a destination that has got `acknowledged` of them. */
async function sender(t: ExecutionContext, acknowledged: number, disk = new ModelDisk(randomOf(1))) {
  const log = await openOn(disk, LOG_OPTIONS);
  if (log.endOffset === 0) for (const line of LINES) await appendLines(log, sourceOf(log), [line]);
  const position = await Position.open(log, 'a', 'oldest');
  const batches = await everyBatch(log);
  for (const { record } of batches.slice(0, acknowledged)) {
    const end = { offset: record.to, events: record.eventsBefore + record.events };
    position.acknowledge({ from: record.from, end, crc: record.crc, isSkip: false });
  }
  t.teardown(async () => {
    await position.close();
    await log.close();
  });
  return { log, position, batches: batches.map(({ record }) => record), disk };
}

type Given = Awaited<ReturnType<typeof sender>>;

/** What a receiver says that has the first `count` batches. */
function having({ batches }: Given, count: number, wrong: Partial<Welcome> = {}): Welcome {
  const last = batches[count - 1];
  return {
    protocol: 1,
    instance: 'b',
    version: '1',
    has: last?.to ?? 0,
    hasEvents: count,
    last: last === undefined ? null : { from: last.from, crc: last.crc },
    batchBytesMax: 1024,
    peerTimeoutMs: 1000,
    ...wrong,
  };
}

const self = { lane: 'a', instance: 'sender', version: '1' };
const go = ({ position, log }: { position: Position; log: EventLog }, welcome: Welcome) =>
  resume(position, log, welcome);

test('a new receiver gets everything from the beginning of the epoch', async (t) => {
  const given = await sender(t, 0);
  t.like(await go(given, having(given, 0, { has: null })), { kind: 'resume', remark: null });
  t.deepEqual(given.position.mark, { offset: 0, events: 0 });
});

for (let acknowledged = 0; acknowledged <= LINES.length; acknowledged++) {
  for (let has = 0; has <= LINES.length; has++) {
    test(`acknowledged ${acknowledged} batches, the receiver has ${has}: it is right`, async (t) => {
      const given = await sender(t, acknowledged);
      const resumption = await go(given, having(given, has));
      t.is(resumption.kind, 'resume');
      const remark = resumption.kind === 'resume' ? resumption.remark : null;
      t.is(remark !== null, has < acknowledged, 'worth a warning only where it went back');
      t.deepEqual(given.position.mark, { offset: given.batches[has - 1]?.to ?? 0, events: has });
    });
  }
}

test('a receiver that lost its disk gets the epoch again, and the counts fit', async (t) => {
  const given = await sender(t, 3);
  const resumption = await go(given, having(given, 0, { has: null }));
  t.true(resumption.kind === 'resume' && resumption.remark !== null, 'worth a warning');
  t.is(given.position.mark.offset, 0);
  const { appended, acknowledged, buffered } = given.position.tallies();
  t.deepEqual([appended.events, acknowledged.events, buffered.events], [5, 0, 5]);
});

const FOREIGN: Record<string, (given: Given) => Welcome> = {
  'is beyond the end of the log': (given) => having(given, 5, { has: given.log.endOffset + 1 }),
  'is in the middle of a batch': (given) => having(given, 3, { has: (given.batches[2]?.to ?? 0) - 1 }),
  'has another last batch': (given) =>
    having(given, 3, { last: { from: given.batches[2]?.from ?? 0, crc: 1 } }),
  'has a last batch from elsewhere': (given) =>
    having(given, 3, { last: { from: 1, crc: given.batches[2]?.crc ?? 0 } }),
};

test('lost-cursor: a cursor that began later than the lane goes by its own log, not by what the receiver counted', async (t) => {
  const given = await sender(t, 2);
  t.is((await go(given, having(given, 3, { hasEvents: 165 }))).kind, 'resume');
  const record = given.batches[2];
  t.deepEqual(given.position.mark, {
    offset: record?.to,
    events: (record?.eventsBefore ?? 0) + (record?.events ?? 0),
  });
});

for (const [what, welcome] of Object.entries(FOREIGN)) {
  test(`a receiver that ${what} begins a new epoch from what it acknowledged`, async (t) => {
    const given = await sender(t, 2);
    const { position, log } = given;
    const before = position.mark;
    t.is((await go(given, welcome(given))).kind, 'new-epoch');
    t.deepEqual(position.mark, before, 'nothing moved yet');
    position.beginEpoch();
    const hello = helloOf(position, log, self);
    t.deepEqual([hello.epoch, hello.start, hello.end], [2, before.offset, log.endOffset]);
    t.is((await go(given, having(given, 0, { has: null }))).kind, 'resume');
    t.deepEqual(position.mark, before, 'what was acknowledged is not sent again');
  });
}

test('a receiver that is before the epoch began gets another one', async (t) => {
  const given = await sender(t, 2);
  given.position.beginEpoch();
  t.is((await go(given, having(given, 1))).kind, 'new-epoch');
});

test('sessions rise with every greeting, also over a restart', async (t) => {
  const given = await sender(t, 0);
  const sessions = [1, 2, 3].map(() => helloOf(given.position, given.log, self).session);
  t.deepEqual(
    sessions,
    [...new Set(sessions)].sort((a, b) => a - b),
  );
  t.is(helloOf(given.position, given.log, self).mode, 'contiguous');
});

test('cursor-beyond-end: a log that lost its end sends what it gets instead, not only what lies behind the cursor', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  const first = await openOn(disk, LOG_OPTIONS);
  for (const line of LINES) await appendLines(first, sourceOf(first), [line]);
  const position = await Position.open(first, 'a', 'oldest');
  for (const { record } of await everyBatch(first)) {
    const end = { offset: record.to, events: record.eventsBefore + record.events };
    position.acknowledge({ from: record.from, end, crc: record.crc, isSkip: false });
  }
  await position.close();
  await first.close();
  // with durability os a power loss takes segments and leaves the cursor
  for (const path of disk.paths()) if (/\/(\d{20}\.log|journal\/)/.test(path)) disk.vanish(path);
  const log = await openOn(disk, LOG_OPTIONS);
  const again = await Position.open(log, 'a', 'oldest');
  t.teardown(async () => {
    await again.close();
    await log.close();
  });
  const lines = ['new zero', 'new one', 'new two', 'new three', 'new four'];
  for (const line of lines) await appendLines(log, sourceOf(log), [line]);
  const { appended, acknowledged, buffered } = again.tallies();
  t.deepEqual(
    { appended: appended.events, acknowledged: acknowledged.events, buffered: buffered.events },
    { appended: 5, acknowledged: 0, buffered: 5 },
  );
  t.is(again.state.epoch, 2, 'the receiver knows other bytes at these offsets');
  t.is(again.mark.offset, 0);
});
