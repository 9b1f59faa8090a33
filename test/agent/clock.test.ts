import test from 'ava';
import { notBefore, steadyClock } from '../../agent/clock.ts';

test('a wall clock that jumps makes nothing older', (t) => {
  let wall = 1_700_000_000_000;
  let running = 5000;
  const clock = steadyClock(
    () => wall,
    () => running,
  );
  t.is(clock(), wall);
  wall += 86_400_000;
  running += 250;
  t.is(clock(), 1_700_000_000_250);
  wall -= 10 * 86_400_000;
  running += 250;
  t.is(clock(), 1_700_000_000_500);
});

test('a clock that was set back while the agent was down goes on where it was', (t) => {
  let time = 1000;
  const clock = notBefore(() => time, 5000);
  t.is(clock(), 5000);
  time += 7;
  t.is(clock(), 5007);
  t.is(notBefore(() => time, 900)(), 1007);
});
