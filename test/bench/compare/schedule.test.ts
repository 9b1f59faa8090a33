import test from 'ava';
import { rowsOf, schedule } from '../../../bench/compare/schedule.ts';
import { column, comparison } from './fixture.ts';

test('quick: the rows marked so, once each; rates before what needs them', async (t) => {
  const file = await comparison();
  const cells = schedule(file, [column('one'), column('two')], 'quick', 1);
  t.is(cells.length, rowsOf(file, 'quick').length * 2);
  const kinds = cells.map(({ row }) => row.kind);
  t.true(kinds.lastIndexOf('flood') < kinds.indexOf('sustained'));
  t.true(kinds.lastIndexOf('sustained') < kinds.indexOf('fault'));
});

test('full: cost and latency come once the rates are known, faults last', async (t) => {
  const kinds = schedule(await comparison(), [column('one')], 'full', 1).map(({ row }) => row.kind);
  t.true(kinds.lastIndexOf('sustained') < kinds.indexOf('common'));
  t.true(kinds.lastIndexOf('common') < kinds.indexOf('fault'));
});

test('full: compared figures repeated and interleaved, faults once with each seed', async (t) => {
  const file = await comparison();
  const cells = schedule(file, [column('one'), column('two')], 'full', 1);
  const floods = cells.filter(({ row }) => row.kind === 'flood');
  t.deepEqual(
    floods.map(({ repetition }) => repetition),
    [0, 0, 1, 1, 2, 2, 3, 3, 4, 4],
  );
  const cuts = cells.filter(({ row, column: { id } }) => row.name === 'cut' && id === 'one-fsync');
  t.deepEqual(cuts.map(({ seed }) => seed).sort(), [...file.seeds]);
});

test('the same seed gives the same order, another one another', async (t) => {
  const file = await comparison();
  const columns = [column('one'), column('two'), column('three')];
  const order = (seed: number) =>
    schedule(file, columns, 'full', seed).map(({ row, column: { id }, repetition }) => [
      row.name,
      id,
      repetition,
    ]);
  t.deepEqual(order(7), order(7));
  t.notDeepEqual(order(7), order(8));
});

test('a tool that is not here, and a row that a tool does not claim, are never run', async (t) => {
  const file = await comparison();
  const plain = column('plain', { buffersOnDisk: false });
  const cells = schedule(file, [plain, column('absent', {}, false)], 'full', 1);
  t.false(cells.some(({ column: { id } }) => id === 'absent-fsync'));
  t.false(cells.some(({ row }) => row.name === 'backpressure'));
  t.true(cells.some(({ row }) => row.name === 'rotation'));
});
