// A cluster's cursor under another way to share: given out anew from its position, and all that members may have above it
// is in doubt.

import test from 'ava';
import { tellForGood, tellGivenUp } from '../../../../agent/sink/cluster/forgone.ts';
import { KeyLedger } from '../../../../agent/sink/cluster/key-ledger.ts';
import { Ledger } from '../../../../agent/sink/cluster/ledger.ts';
import { resharded } from '../../../../agent/sink/cluster/resharding.ts';
import { captureLogger } from '../../source/captured-logger.ts';

const mark = (offset: number, events: number) => ({ offset, events });

test('from ranges to keys: nothing is held, and what lies above the position is in doubt', (t) => {
  const before = new Ledger(Ledger.fresh(mark(0, 0)), 10);
  before.give('b1', mark(100, 10));
  before.give('b2', mark(250, 20));
  before.acknowledge('b2', { sequence: 2, end: mark(250, 20), crc: null });
  t.is(before.position.offset, 0);
  const cursor = resharded(before.cursor(), before.position, 'keys');
  const after = new KeyLedger(cursor, 10);
  t.deepEqual([after.frontier, after.position, after.parts], [mark(0, 0), mark(0, 0), 0]);
  const inDoubt = ['b1', 'b2'].map((name) => after.inDoubt(name).events);
  t.deepEqual(inDoubt, [20, 0], 'b2 has 10 of them: no fewer than that');
  t.true(after.lane('b1').epoch > before.lane('b2').epoch, 'lanes begin anew');
});

test('from keys to ranges, and back to the same: a cursor of its own kind is left as it is', (t) => {
  const fresh = resharded(Ledger.fresh(mark(0, 0)), mark(0, 0), 'keys');
  const keys = new KeyLedger(fresh, 10).cursor();
  t.is(resharded(keys, mark(0, 0), 'keys'), keys);
  const ranges = resharded(keys, mark(0, 0), 'ranges');
  t.is(ranges.slotSets, undefined);
  t.is(resharded(ranges, mark(0, 0), 'ranges'), ranges);
});

test('doubts-vanish-unsaid: what is given up, or stays in doubt for good, is told with its number', (t) => {
  const { logger, lines } = captureLogger();
  const before = new Ledger(Ledger.fresh(mark(0, 0)), 10);
  tellGivenUp(before.cursor(), logger);
  before.give('b1', mark(100, 10));
  for (const held of before.lane('b1').held) held.sent = mark(100, 10);
  before.lose('b1');
  tellForGood(before.cursor(), before.cursor(), logger);
  t.is(lines.length, 0);
  tellGivenUp(before.cursor(), logger);
  tellForGood(before.cursor(), resharded(before.cursor(), before.position, 'keys'), logger);
  t.like(lines[0], { inDoubt: { events: 10, bytes: 100 } });
  t.like(lines[1], { inDoubt: { events: 20, bytes: 200 } });
});
