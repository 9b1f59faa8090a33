import test from 'ava';
import { assemble, type Ended } from '../../../bench/compare/assemble.ts';
import type { Column } from '../../../bench/compare/columns.ts';
import { schedule } from '../../../bench/compare/schedule.ts';
import type { Scorecard } from '../../../bench/compare/scorecard.ts';
import { cellAt, linesOf } from '../../../bench/report/scorecard/lines.ts';
import { rankOf } from '../../../bench/report/scorecard/rank.ts';
import type { Result } from '../../../bench/result.ts';
import { passingResult } from '../report/fixture.ts';
import { column, comparison } from './fixture.ts';

async function card(
  columns: readonly Column[],
  resultOf: (ended: Ended['cell']) => Result | null,
): Promise<Scorecard> {
  const file = await comparison();
  const planned = schedule(file, columns, 'full', 1);
  const ended = planned.flatMap((cell): Ended[] => {
    const result = resultOf(cell);
    return result === null ? [] : [{ cell, outcome: { kind: 'result', result, folder: '' } }];
  });
  const commit = { commit: 'abc', dirty: false };
  const startedAt = '2026-01-01T00:00:00.000Z';
  return assemble({ comparison: file, columns, mode: 'full', seed: 1, planned, ended, startedAt, commit });
}

const at = (ratePerMinute: number): Result => ({ ...passingResult(), ratePerMinute });

test('a median with its interval, ranked only within a class of durability', async (t) => {
  const columns = [column('fast'), column('slow'), column('lax', {}, true, 'os')];
  const speeds: Record<string, number> = { 'fast-fsync': 100e6, 'slow-fsync': 10e6, 'lax-os': 900e6 };
  const scores = await card(columns, ({ column: { id }, repetition }) =>
    at((speeds[id] ?? 0) + repetition * 1e6),
  );
  t.true(scores.complete);
  const cell = cellAt(scores, 'flood', 'fast-fsync');
  t.like(cell?.figures.ratePerMinute, { runs: 5, median: 102e6, low: 100e6, high: 104e6 });
  const line = linesOf(scores).find(({ row }) => row.name === 'flood');
  const rank = (id: string) => {
    const ranked = cellAt(scores, 'flood', id);
    return line === undefined || ranked === null ? '?' : (rankOf(scores, line, ranked)?.text ?? null);
  };
  t.deepEqual(
    [rank('fast-fsync'), rank('slow-fsync'), rank('lax-os')],
    ['best of 2', '2nd of 2, 0.12x of the best', null],
  );
});

test('one failure fails the cell, and its evidence is that run', async (t) => {
  const broken: Result = { ...passingResult(), verdict: 'fail', failures: ['a: 3 lost'], seed: 2 };
  const scores = await card([column('one')], ({ row, seed }) =>
    row.name === 'cut' && seed === 2 ? broken : passingResult(),
  );
  const cell = cellAt(scores, 'cut', 'one-fsync');
  t.like(cell, { state: 'fail', why: ['a: 3 lost'], evidence: { seed: 2 } });
});

test('a rate at which events were lost has no rank', async (t) => {
  const scores = await card([column('good'), column('lossy')], ({ column: { id } }) =>
    id === 'lossy-fsync' ? { ...at(900e6), verdict: 'fail', failures: ['a: 3 lost'] } : at(10e6),
  );
  const line = linesOf(scores).find(({ row }) => row.name === 'flood');
  const cell = cellAt(scores, 'flood', 'lossy-fsync');
  if (line === undefined || cell === null) return t.fail('no such cell');
  t.is(rankOf(scores, line, cell), null);
});

test('what a tool does not claim is n/a, what is not here is not run, what was not reached is pending', async (t) => {
  const columns = [column('plain', { buffersOnDisk: false }), column('absent', {}, false), column('late')];
  const scores = await card(columns, () => null);
  const state = (id: string) => cellAt(scores, 'backpressure', id)?.state;
  t.deepEqual(
    [state('plain-fsync'), state('absent-fsync'), state('late-fsync')],
    ['n/a', 'not run', 'pending'],
  );
  t.false(scores.complete);
  t.regex(cellAt(scores, 'backpressure', 'absent-fsync')?.why[0] ?? '', /install absent/);
});

test('runs that were all invalid say nothing, one valid run among them does', async (t) => {
  const invalid: Result = { ...passingResult(), verdict: 'invalid', failures: ['the generator was late'] };
  const all = await card([column('one')], () => invalid);
  t.is(cellAt(all, 'cut', 'one-fsync')?.state, 'invalid');
  t.deepEqual(cellAt(all, 'cut', 'one-fsync')?.figures, {});
  const most = await card([column('one')], ({ seed }) => (seed === 1 ? passingResult() : invalid));
  t.is(cellAt(most, 'cut', 'one-fsync')?.state, 'pass');
});
