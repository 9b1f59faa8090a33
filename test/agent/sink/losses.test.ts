// Losses are told, each range once, and never faster than a person can read.

import test from 'ava';
import { Losses } from '../../../agent/sink/losses.ts';
import { captureLogger } from '../source/captured-logger.ts';

const range = (from: number, reason: 'damaged' | 'peerLost' | 'dropOldest' = 'damaged') => ({
  from: { offset: from * 100, events: from },
  to: { offset: from * 100 + 100, events: from + 1 },
  reason,
});

test('a thousand ranges are ten lines and a sum', (t) => {
  const { logger, lines } = captureLogger();
  const losses = new Losses(logger, () => 0);
  for (let index = 0; index < 1000; index++) losses.note(range(index));
  t.is(lines.length, 10);
  t.like(lines[9], { from: 900, to: 1000, events: 1, bytes: 100, reason: 'damaged' });
  losses.close();
  t.is(lines.length, 11);
  t.like(lines[10], { ranges: 990, events: 990, bytes: 99_000 });
  losses.close();
  t.is(lines.length, 11);
});

test('what a policy drops on purpose is no loss to be told', (t) => {
  const { logger, lines } = captureLogger();
  const losses = new Losses(logger);
  losses.note(range(1, 'dropOldest'));
  t.deepEqual(lines, []);
  t.is(losses.recent, null);
  losses.note(range(2, 'peerLost'));
  t.regex(losses.recent ?? '', /^lost 1 events \(100 bytes\) in 1 ranges/);
  losses.close();
});

test('health speaks of a loss for an hour, and of the next one alone', (t) => {
  let now = 0;
  const losses = new Losses(captureLogger().logger, () => now);
  losses.note(range(1));
  losses.note(range(2));
  now = 3_599_999;
  t.regex(losses.recent ?? '', /^lost 2 events/);
  now = 3_600_000;
  t.is(losses.recent, null);
  losses.note(range(3));
  t.regex(losses.recent ?? '', /^lost 1 events/);
  losses.close();
});

test('member-lost-disk-uncounted: what a member came back without is told at once, and in health for an hour', (t) => {
  let now = 0;
  const { logger, lines } = captureLogger();
  const losses = new Losses(logger, () => now);
  losses.noteMember('b1', { events: 7, acknowledgedSequence: 9, hasSequence: 2 });
  losses.note(range(1));
  t.like(lines[0], { member: 'b1', events: 7, acknowledgedSequence: 9, hasSequence: 2 });
  t.regex(losses.recent ?? '', /^lost 1 events.*; member b1 came back without up to 7 events/);
  now = 3_600_000;
  t.is(losses.recent, null);
  losses.close();
});
