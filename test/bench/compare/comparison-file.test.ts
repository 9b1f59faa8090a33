import test from 'ava';
import { withRows } from '../../../bench/compare/comparison-file.ts';
import { rowsOf } from '../../../bench/compare/schedule.ts';
import { comparison } from './fixture.ts';

test('only the rows that are named are run, in their order, under --quick too', async (t) => {
  const chosen = withRows(await comparison(), ['cut', 'flood']);
  for (const mode of ['quick', 'full'] as const) {
    t.deepEqual(
      rowsOf(chosen, mode).map(({ name }) => name),
      ['flood', 'cut'],
    );
  }
});

test('a row that is not there is refused with those that are', async (t) => {
  const file = await comparison();
  t.throws(() => withRows(file, ['flood', 'cuts']), {
    message: /no row 'cuts'; it has fidelity, flood, .*, cut,/,
  });
  t.throws(() => withRows(file, []), { message: /it has fidelity/ });
  t.is(withRows(file, undefined), file);
});
