import test from 'ava';
import { DrainWatch } from '../../../bench/run/drain.ts';

const LIMITS = { drain: 60_000, noProgress: 10_000 };

test('all bytes are there: a moment later all is there', (t) => {
  const watch = new DrainWatch(100, LIMITS, 0);
  t.is(watch.look([90, 100], 0), 'waiting');
  t.is(watch.look([100, 100], 1000), 'waiting');
  t.is(watch.look([100, 100], 1400), 'all');
});

test('doubled events do not make up for those that are still to come', (t) => {
  const watch = new DrainWatch(100, LIMITS, 0);
  t.is(watch.look([105], 0), 'waiting');
  t.is(watch.look([110], 2900), 'waiting');
  t.is(watch.look([110], 5000), 'waiting', 'not yet still for long enough');
  t.is(watch.look([110], 6000), 'all');
});

test('what does not move any more, or moves for too long, is given up', (t) => {
  const still = new DrainWatch(100, LIMITS, 0);
  still.look([50], 0);
  t.is(still.look([50], 9000), 'waiting');
  t.is(still.look([50], 10_001), 'given up');
  const endless = new DrainWatch(100, LIMITS, 0);
  t.is(endless.look([500], 59_000), 'waiting');
  t.is(endless.look([501], 60_001), 'given up', 'a tool that invents without end');
});
