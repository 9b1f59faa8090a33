// The ledger of keyHash against members that die and return in any order: every event is acknowledged once, a slot is with
// one member at a time and goes on in the order of the log, and had is what is doubled once everybody has answered.

import { randomInt } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { KeyWorld, MEMBERS } from './key-ledger-model.ts';

const seed = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));

const member = fc.constantFrom(...MEMBERS);
const times = fc.integer({ min: 1, max: 6 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('append' as const), slot: fc.nat(11) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('give' as const),
      events: fc.integer({ min: 1, max: 9 }),
      among: fc.subarray([...MEMBERS], { minLength: 1 }),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('send' as const), member, times }) },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant('arrive' as const), member, times }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), member }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('connect' as const), member }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('disconnect' as const), member }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lose' as const), member }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crashSender' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crashMember' as const), member }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(world: KeyWorld, one: Step): void {
  switch (one.kind) {
    case 'append':
      world.append(one.slot);
      return;
    case 'give':
      world.give(one.events, one.among);
      return;
    case 'commit':
      world.commit();
      return;
    case 'send':
      for (let time = 0; time < one.times; time++) world.send(one.member);
      return;
    case 'arrive':
      for (let time = 0; time < one.times; time++) world.arrive(one.member);
      return;
    case 'acknowledge':
      world.acknowledge(one.member);
      return;
    case 'connect':
      world.connect(one.member);
      return;
    case 'disconnect':
      world.disconnect(one.member);
      return;
    case 'lose':
      world.lose(one.member);
      return;
    case 'crashSender':
      world.crashSender();
      return;
    case 'crashMember':
      world.crashMember(one.member);
      return;
    default:
      one satisfies never;
  }
}

test('every event once, a slot with one member at a time, every copy accounted for, whatever happens', (t) => {
  t.log(`seed ${seed}`);
  let doubled = 0;
  let moved = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 250, size: 'max' }), (steps) => {
      const world = new KeyWorld();
      for (const [index, one] of steps.entries()) {
        take(world, one);
        const faults = world.faults;
        if (faults.length > 0)
          throw new Error(`after step ${index}, ${JSON.stringify(one)}: ${faults.join('; ')}`);
      }
      world.settle();
      const faults = world.faults;
      if (faults.length > 0) throw new Error(`settled: ${faults.join('; ')}`);
      const is = [world.inDoubt, world.ledger.had.events, world.ledger.position.events];
      const expected = [0, world.doubled, world.end.events];
      if (JSON.stringify(is) !== JSON.stringify(expected))
        throw new Error(`settled: ${is}, expected ${expected}`);
      doubled += world.doubled;
      moved += world.moves;
    }),
    { seed, numRuns: 300, includeErrorInReport: true },
  );
  t.log(`${doubled} doubled, ${moved} moves`);
  t.true(doubled > 0 && moved > 0, 'nothing was doubled or moved: the steps show nothing');
});

test('a member that is lost while nobody else is there goes on with what it holds, and nothing is doubled', (t) => {
  const world = new KeyWorld();
  for (let slot = 0; slot < 6; slot++) world.append(slot);
  world.connect('b1');
  world.give(6, ['b1']);
  world.commit();
  for (let event = 0; event < 6; event++) t.true(world.send('b1'));
  world.arrive('b1');
  world.arrive('b1');
  world.disconnect('b1');
  world.ledger.lose('b1');
  t.is(world.inDoubt, 0);
  world.settle();
  t.deepEqual([world.doubled, world.ledger.had.events, world.faults.length], [0, 0, 0]);
});

test('what a lost member had in part is in doubt, then had: exactly its events and bytes', (t) => {
  const world = new KeyWorld();
  for (let slot = 0; slot < 6; slot++) world.append(slot);
  world.connect('b1');
  world.connect('b2');
  world.give(6, ['b1']);
  world.commit();
  for (let event = 0; event < 4; event++) t.true(world.send('b1'));
  for (let event = 0; event < 3; event++) t.true(world.arrive('b1'));
  world.disconnect('b1');
  world.lose('b1');
  t.is(world.ledger.inDoubt('b1').events, 4);
  t.is(world.ledger.lane('b2').held.length, 1);
  world.connect('b1');
  world.commit();
  t.is(world.ledger.inDoubt('b1').events, 3, 'it has them, and nobody has acknowledged them yet');
  t.is(world.ledger.had.events, 0);
  world.settle();
  t.deepEqual([world.inDoubt, world.ledger.had.events, world.doubled], [0, 3, 3]);
  t.is(world.ledger.had.bytes, world.bytesOf(0, 3));
});

test('a member whose slots are not finished elsewhere is not free to begin', (t) => {
  const world = new KeyWorld();
  for (let slot = 0; slot < 4; slot++) world.append(slot);
  world.connect('b1');
  world.give(4, ['b1']);
  world.append(0);
  t.false(world.give(1, ['b2']));
  world.commit();
  while (world.send('b1'));
  while (world.arrive('b1'));
  world.acknowledge('b1');
  t.true(world.give(1, ['b2']));
});
