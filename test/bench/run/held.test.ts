import test from 'ava';
import { HeldGenerator } from '../../../bench/run/held.ts';
import { agent } from '../../../bench/tools/agent/agent.ts';
import { socat } from '../../../bench/tools/socat/socat.ts';

const LIMITS = { faultsEndMs: 50_000, noProgressMs: 20_000 };

test('held-for-ever: a generator for which nobody makes room ends the run, and says why', (t) => {
  const held = new HeldGenerator(socat, LIMITS);
  held.check({ bytes: 5, heldMs: 100 }, 40_000);
  held.check({ bytes: 5, heldMs: 29_000 }, 69_000);
  t.throws(() => held.check({ bytes: 5, heldMs: 30_000 }, 70_000), {
    message: /held for 20 s .*socat does not tell what it has taken.*sourceKeepBytes/,
  });
  const ours = new HeldGenerator(agent, LIMITS);
  ours.check({ bytes: 5, heldMs: 100 }, 60_000);
  t.throws(() => ours.check({ bytes: 5, heldMs: 21_000 }, 81_000), { message: /agent takes nothing/ });
});

test('one that is not held, or writes on, is let be', (t) => {
  const held = new HeldGenerator(socat, LIMITS);
  for (let now = 0; now < 500_000; now += 10_000) held.check({ bytes: 5, heldMs: 0 }, now);
  for (let now = 500_000; now < 900_000; now += 15_000) held.check({ bytes: now, heldMs: now }, now);
  t.pass();
});
