// The ledger against a world that knows everything: whatever dies and returns in whatever order, nothing is lost, what
// is doubled lies between had and had + in doubt, and is exactly had once everybody is back.

import { randomInt } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Ledger } from '../../../../agent/sink/cluster/ledger.ts';
import { MEMBERS, World } from './ledger-model.ts';

const seed = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));

const member = fc.constantFrom(...MEMBERS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), bytes: fc.nat(20) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('give' as const), member, bytes: fc.nat(60) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      member,
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      member,
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), member }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('connect' as const), member, knowsEvents: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('disconnect' as const), member }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lose' as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('giveBack' as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crashSender' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crashMember' as const), member }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(world: World, one: Step): void {
  switch (one.kind) {
    case 'append':
      world.append(one.bytes);
      return;
    case 'give':
      world.give(one.member, one.bytes);
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
      world.connect(one.member, one.knowsEvents);
      return;
    case 'disconnect':
      world.disconnect(one.member);
      return;
    case 'lose':
      world.lose(one.member);
      return;
    case 'giveBack':
      world.giveBack(one.member);
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

/** What is wrong with the world now, in words; nothing is what we want. */
function faultsOf(world: World): string[] {
  const had = world.ledger.had.events;
  const [least, most] = [world.doubled('durable'), world.doubled('all')];
  return [
    ...world.lost.map(({ from }) => `the batch at ${from.offset} is lost`),
    ...(least < had ? [`${least} are doubled, ${had} had`] : []),
    ...(most > had + world.inDoubt ? [`${most} are doubled, ${had} had and ${world.inDoubt} in doubt`] : []),
  ];
}

test('nothing is lost and every copy is accounted for, whatever happens in whatever order', (t) => {
  t.log(`seed ${seed}`);
  let doubled = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 250, size: 'max' }), (steps) => {
      const world = new World();
      for (const [index, one] of steps.entries()) {
        take(world, one);
        const faults = faultsOf(world);
        if (faults.length > 0)
          throw new Error(`after step ${index}, ${JSON.stringify(one)}: ${faults.join('; ')}`);
      }
      world.settle();
      const { ledger } = world;
      const open = [ledger.position.offset, world.inDoubt, ledger.had.events, world.lost.length];
      const expected = [world.end.offset, 0, world.doubled('durable'), 0];
      if (JSON.stringify(open) !== JSON.stringify(expected))
        throw new Error(`settled: ${open}, expected ${expected}`);
      doubled += ledger.had.events;
    }),
    { seed, numRuns: 300, includeErrorInReport: true },
  );
  t.true(doubled > 0, 'no copy was ever doubled: the steps show nothing');
});

/** b1 was sent everything, did not acknowledge it, and is lost. */
function lostMember(t: ExecutionContext): World {
  const world = new World();
  for (let batch = 0; batch < 4; batch++) world.append(9);
  world.connect('b1');
  world.give('b1', 100);
  world.commit();
  for (let batch = 0; batch < 4; batch++) t.true(world.send('b1'));
  world.arrive('b1');
  world.arrive('b1');
  world.disconnect('b1');
  world.lose('b1');
  t.is(world.ledger.inDoubt('b1').bytes, 40);
  return world;
}

test('a member that never returns stays in doubt, with what it was sent and no more', (t) => {
  const world = lostMember(t);
  world.connect('b2');
  world.give('b2', 100);
  world.commit();
  while (world.send('b2'));
  while (world.arrive('b2'));
  world.acknowledge('b2');
  t.is(world.ledger.position.offset, 40);
  t.is(world.ledger.inDoubt('b1').bytes, 40);
  t.is(world.ledger.had.bytes, 0);
  world.crashSender();
  t.is(world.ledger.inDoubt('b1').bytes, 40, 'also over a restart');
});

test('what a returned member had is done where nobody else was sent it: nothing is doubled', (t) => {
  const world = lostMember(t);
  world.connect('b1');
  t.is(world.ledger.inDoubt('b1').bytes, 0);
  t.is(world.ledger.had.bytes, 0);
  t.is(world.ledger.position.offset, 20);
  world.settle();
  t.is(world.doubled('durable'), 0);
});

test('a member that lost its disk has nothing: what was in doubt is absent, what it acknowledged stays so', (t) => {
  const world = lostMember(t);
  world.connect('b1');
  world.give('b1', 100);
  world.commit();
  world.send('b1');
  world.arrive('b1');
  world.acknowledge('b1');
  t.is(world.ledger.position.offset, 30);
  world.disconnect('b1');
  world.lose('b1');
  const { epoch } = world.ledger.lane('b1');
  world.loseDisk('b1');
  world.connect('b1');
  t.true(world.ledger.lane('b1').epoch > epoch);
  world.connect('b1');
  t.is(world.ledger.inDoubt('b1').bytes, 0);
  t.is(world.ledger.position.offset, 30);
  world.settle();
  t.is(world.ledger.had.bytes, 0);
});

test('doubts beyond the limit are counted, and never settle', (t) => {
  const world = lostMember(t);
  const cursor = world.ledger.cursor();
  world.durable = cursor;
  world.ledger = new Ledger(cursor, 0);
  world.connect('b2');
  world.give('b2', 100);
  world.commit();
  world.send('b2');
  world.disconnect('b2');
  world.lose('b2');
  t.is(world.ledger.inDoubt('b1').bytes, 40);
  t.is(world.ledger.lane('b1').doubts.length, 0);
  t.is(world.ledger.lane('b1').unlisted.bytes, 40);
});
