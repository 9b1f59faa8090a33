// Who is silent, by which clock. These tests set this process's wall clock: one at a time, nothing beside them.

import test from 'ava';
import { Heartbeat } from '../../../agent/wire/heartbeat.ts';
import { until } from '../source/until.ts';

const HOUR_MS = 3_600_000;
const wall = Date.now;

function beating(t: { teardown: (fn: () => void) => void }) {
  const seen = { quiet: 0, silent: 0, looks: 0 };
  const heartbeat = new Heartbeat({
    heartbeatMs: 10,
    peerTimeoutMs: 200,
    onQuiet: () => seen.quiet++,
    onSilentPeer: () => seen.silent++,
    onLook: () => seen.looks++,
  });
  t.teardown(() => {
    Date.now = wall;
    heartbeat.stop();
  });
  return { heartbeat, seen };
}

test.serial('clock-set-forward: a peer that speaks is not taken for silent', async (t) => {
  const { heartbeat, seen } = beating(t);
  await until('it looks', () => seen.looks > 2);
  for (let step = 1; step <= 5; step++) {
    heartbeat.heard();
    Date.now = () => wall() + step * HOUR_MS;
    const from = seen.looks;
    await until('it looked again', () => seen.looks > from + 2 || seen.silent > 0);
  }
  t.is(seen.silent, 0);
});

test.serial('clock-set-back: a peer that is silent is found, and it is told that we live', async (t) => {
  const { seen } = beating(t);
  Date.now = () => wall() - HOUR_MS;
  await until('the silent peer is noticed', () => seen.silent > 0);
  t.true(seen.quiet > 0);
});
