import test, { type ExecutionContext } from 'ava';
import type { Arrival, ArrivalLog } from '../../../bench/observer/spec.ts';
import type { DestinationVerdict } from '../../../bench/verifier/spec.ts';
import { isClean } from '../../../bench/verifier/summary.ts';
import { verify } from '../../../bench/verifier/verify.ts';
import { eventFiles, type Sent, START_MS, sent } from './bed.ts';

const POLL_MS = { p50: 5, p99: 6, max: 9 };

async function timed(
  t: ExecutionContext,
  { manifest }: Sent,
  texts: readonly string[],
  arrivals: readonly Arrival[],
): Promise<DestinationVerdict> {
  const paths = await eventFiles(t, ...texts);
  const log: ArrivalLog = { files: ['events-000001.log', 'events-000002.log'], pollMs: POLL_MS, arrivals };
  return verify({ name: 'a', manifests: [manifest], eventFiles: paths, arrivals: log });
}

const bytes = (lines: readonly string[]): number => lines.join('').length;

test('an event arrives when its file first reaches its end', async (t) => {
  const run = await sent(3000); // one a millisecond
  const { lines } = run;
  const verdict = await timed(
    t,
    run,
    [lines.slice(0, 2000).join(''), lines.slice(2000).join('')],
    [
      // the first thousand, and one byte short of one more
      { timeMs: START_MS + 1010, file: 0, size: bytes(lines.slice(0, 1001)) - 1 },
      { timeMs: START_MS + 2050, file: 0, size: bytes(lines.slice(0, 2000)) },
      { timeMs: START_MS + 3000.5, file: 1, size: bytes(lines.slice(2000)) },
    ],
  );
  t.true(isClean(verdict));
  t.is(verdict.firstArrivalMs, START_MS + 1010);
  t.is(verdict.lastArrivalMs, START_MS + 3000.5);
  const { latencyMs } = verdict;
  t.is(latencyMs?.count, 3000);
  t.is(latencyMs?.resolutionMs, 6);
  t.is(latencyMs?.max, 1050); // event 1000, due at +1000, seen at +2050
  t.true(Math.abs((latencyMs?.p50 ?? 0) - 520) < 3, `p50 ${latencyMs?.p50}`); // 10..1010, 51..1050 and 0.5..1000.5
  t.is(verdict.latencySeries.length, 3);
  t.deepEqual(
    verdict.latencySeries.map(({ timeMs, max }) => [timeMs - START_MS, max]),
    [
      [0, 1010],
      [1000, 1050],
      [2000, 1000.5],
    ],
  );
});

test('lost events have no latency, copies have only their first one', async (t) => {
  const run = await sent(100);
  const kept = [...run.lines.slice(0, 50), ...run.lines.slice(60), ...run.lines.slice(0, 10)];
  const verdict = await timed(
    t,
    run,
    [kept.join('')],
    [
      { timeMs: START_MS + 200, file: 0, size: bytes(kept.slice(0, 90)) },
      { timeMs: START_MS + 900, file: 0, size: bytes(kept) },
    ],
  );
  t.like(verdict, { delivered: 90, lastArrivalMs: START_MS + 200 });
  t.like(verdict.latencyMs, { count: 90, max: 200 });
});

test('an arrival before its time counts as zero, and is counted', async (t) => {
  const run = await sent(100);
  const verdict = await timed(
    t,
    run,
    [run.lines.join('')],
    [{ timeMs: START_MS + 49, file: 0, size: bytes(run.lines) }],
  );
  t.like(verdict.latencyMs, { count: 100, max: 49, p50: 0, clamped: 50 });
});

test('what the observer never saw is missing from the count', async (t) => {
  const run = await sent(100);
  const verdict = await timed(
    t,
    run,
    [run.lines.join('')],
    [{ timeMs: START_MS + 100, file: 0, size: bytes(run.lines.slice(0, 70)) }],
  );
  t.is(verdict.delivered, 100);
  t.is(verdict.latencyMs?.count, 70);
});

test('a flood has arrivals but no latency', async (t) => {
  const run = await sent(100, { pace: { kind: 'flood' } });
  const verdict = await timed(
    t,
    run,
    [run.lines.join('')],
    [{ timeMs: START_MS + 100, file: 0, size: bytes(run.lines) }],
  );
  t.like(verdict, { latencyMs: null, latencySeries: [], lastArrivalMs: START_MS + 100 });
});
