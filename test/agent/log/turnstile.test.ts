import test from 'ava';
import { Turnstile } from '../../../agent/log/turnstile.ts';

test('so many at once, first come first served, and one that fails makes room', async (t) => {
  const turnstile = new Turnstile(2);
  const doors = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const entered: number[] = [];
  const passing = doors.map((door, index) =>
    turnstile.pass(async () => {
      entered.push(index);
      await door.promise;
      return index;
    }),
  );
  await Promise.resolve();
  t.deepEqual(entered, [0, 1]);
  doors[1]?.reject(new Error('no'));
  await t.throwsAsync(passing[1] ?? Promise.resolve(), { message: 'no' });
  t.deepEqual(entered, [0, 1, 2]);
  for (const door of doors) door.resolve();
  t.deepEqual(await Promise.all(passing.filter((_, index) => index !== 1)), [0, 2, 3, 4]);
  t.is(await turnstile.pass(async () => 'free again'), 'free again');
});
