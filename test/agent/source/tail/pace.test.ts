import test from 'ava';
import { Pace } from '../../../../agent/source/tail/pace.ts';
import { Storm } from '../../../../agent/source/tail/storm.ts';

const MIB = 1024 * 1024;

test('little is gathered for longer than much', (t) => {
  const pace = new Pace(20, 0);
  t.is(pace.intervalMs, 50);
  pace.round(MIB, 20);
  t.is(pace.intervalMs, 20);
  pace.round(MIB / 10, 40);
  t.is(pace.intervalMs, 50);
});

test('what a longer interval gathered does not count as more', (t) => {
  const pace = new Pace(20, 0);
  for (let now = 50; now < 1000; now += 50) {
    pace.round(0.3 * MIB, now);
    t.is(pace.intervalMs, 50, `after ${now} ms of 6 MiB/s`);
  }
});

function stormsAt(storm: Storm, perSecond: number, fromMs: number, toMs: number): boolean {
  let isStorm = false;
  for (let now = fromMs; now < toMs; now += 1000 / perSecond) isStorm = storm.met(now);
  return isStorm;
}

test('a storm begins at many a second and ends at a few', (t) => {
  const storm = new Storm(0);
  t.false(stormsAt(storm, 40, 0, 5000));
  t.true(stormsAt(storm, 250, 5000, 8000));
  t.true(stormsAt(storm, 30, 8000, 12_000));
  t.false(stormsAt(storm, 5, 12_000, 15_000));
});
