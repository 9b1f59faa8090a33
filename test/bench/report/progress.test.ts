import test from 'ava';
import type { ProgressState } from '../../../bench/report/progress.ts';
import { renderProgress } from '../../../bench/report/progress.ts';

const STATE: ProgressState = {
  phase: 'sending',
  elapsedMs: 24_000,
  totalMs: 60_000,
  sent: 4_000_000,
  eventBytes: 110,
  eventsPerSecond: 10_000_000 / 60,
  slowest: { name: 'a', delivered: 3_990_000 },
  backlogBytes: 549_000,
  latencyMs: 21,
  step: 'kill -9 of instance2',
};

test('everything, where there is room', (t) => {
  t.is(
    renderProgress(STATE, 200),
    '0:24/1:00  [######..........]  sending  sent 4.00 M  10.0 M/min  18.3 MB/s  a has 3.99 M  backlog 549 kB  latency 21 ms  | kill -9 of instance2',
  );
});

test('never wider than the terminal, and what matters stays longest', (t) => {
  for (let width = 1; width <= 160; width++)
    t.true([...renderProgress(STATE, width)].length <= width, `${width}`);
  t.is(renderProgress(STATE, 34), '0:24/1:00  sent 4.00 M  10.0 M/min');
  t.is(renderProgress(STATE, 9), '0:24/1:00');
});

test('what nobody knows yet is left out', (t) => {
  const early = { ...STATE, totalMs: null, slowest: null, backlogBytes: null, latencyMs: null, step: null };
  t.is(renderProgress(early, 200), '0:24  sending  sent 4.00 M  10.0 M/min  18.3 MB/s');
});

test('the bar stays within its frame', (t) => {
  t.regex(renderProgress({ ...STATE, elapsedMs: 90_000 }, 200), /\[#{16}\]/);
  t.regex(renderProgress({ ...STATE, elapsedMs: -5 }, 200), /\[\.{16}\]/);
  t.regex(renderProgress({ ...STATE, elapsedMs: 0, totalMs: 0 }, 200), /\[\.{16}\]/);
});

test('one line without control characters', (t) => {
  const line = renderProgress({ ...STATE, step: 'a\nb\u001b[31m\rc' }, 300);
  t.notRegex(line, /\p{Cc}/u);
  t.true(line.endsWith('| a b\\u001b[31m c'), line);
});
