// What a policy gave up and retention deleted is skipped as dropped: no finding of fsck.

import test from 'ava';
import { checkCursor, type LogExtent } from '../../../agent/inspect/check-cursor.ts';
import { CURSOR_FILE_BYTES, type CursorState } from '../../../agent/log/cursor.ts';

const mark = (offset: number) => ({ offset, events: offset / 10 });
const log: LogExtent = {
  stream: 'stream',
  start: mark(1000),
  end: mark(5000),
  eventsAt: (offset) => offset / 10,
};

function findings(gaps: readonly (readonly [number, number])[]) {
  const state: CursorState = {
    version: 1,
    destination: 'dead',
    stream: 'stream',
    epoch: 1,
    epochStart: mark(0),
    session: 0,
    start: mark(0),
    position: mark(0),
    last: null,
    skipped: {},
    dropped: {},
    gaps: gaps.map(([from, to]) => ({
      from: mark(from),
      to: mark(to),
      reason: 'dropOldest',
      announced: false,
    })),
  };
  return checkCursor({ destination: 'dead', state, good: 2, fileBytes: CURSOR_FILE_BYTES }, log);
}

test('dropped-is-not-lost: a range that a policy gave up is no loss, although it is gone', (t) => {
  t.deepEqual(findings([[0, 3000]]), []);
  t.deepEqual(
    findings([
      [0, 600],
      [600, 1000],
    ]),
    [],
  );
});

test('only what nobody gave up is counted as lost', (t) => {
  t.like(findings([])[0], { kind: 'position', cost: { events: 100, bytes: 1000 } });
  t.like(findings([[0, 600]])[0], { kind: 'position', cost: { events: 40, bytes: 400 } });
  t.like(findings([[200, 600]])[0], { kind: 'position', cost: { events: 60, bytes: 600 } });
});
