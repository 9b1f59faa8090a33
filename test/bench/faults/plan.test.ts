import test from 'ava';
import { targetsOf } from '../../../bench/faults/equipment.ts';
import { describeFault, planFaults } from '../../../bench/faults/plan.ts';
import type { Step } from '../../../bench/faults/step.ts';
import { scenarioSchema } from '../../../bench/scenario.ts';
import { parseYaml } from '../../../bench/scenario-yaml.ts';

const TARGETS = {
  nodes: ['instance1', 'instance2', 'a'],
  members: [],
  links: ['instance1 -> instance2', 'instance2 -> a'],
};
const LOAD_MS = 60_000;

function scenario(rest: string) {
  const text = `name: x\ndescription: x\nchain: { instances: 2 }\ngenerator: { rate: 1k/s }\n${rest}`;
  return parseYaml('x.yaml', text, scenarioSchema);
}
const stepsOf = (text: string): Step[] => scenario(`steps:\n  - ${text}\n`).steps;

test('a step is one fault; one that lasts says how long', (t) => {
  const [fault, ...more] = planFaults(
    stepsOf('{ at: 10s, do: stop, target: a, lasts: 30s }'),
    TARGETS,
    1,
    LOAD_MS,
  );
  t.like(fault, { atMs: 10_000, target: 'a', lastsMs: 30_000 });
  t.is(fault && describeFault(fault), 'stop a at 10 s for 30 s');
  t.is(more.length, 0);
});

test('a repeated step with random targets is drawn from the seed, and from nothing else', (t) => {
  const steps = stepsOf(
    '{ at: 5s, do: kill, target: random, lasts: 0s, every: 1s, times: 200, jitter: 400ms }',
  );
  const plan = (seed: number) => planFaults(steps, TARGETS, seed, LOAD_MS);
  t.is(plan(7).length, 200);
  t.deepEqual(plan(7), plan(7));
  t.notDeepEqual(plan(7), plan(8));
  t.deepEqual([...new Set(plan(7).map(({ target }) => target))].sort(), TARGETS.nodes.toSorted());
  t.true(plan(7).every(({ atMs }, index) => atMs >= 5000 + index * 1000 && atMs < 5400 + index * 1000));
});

test('random leaves out what it is told to', (t) => {
  const steps = stepsOf(
    '{ at: 5s, do: kill, target: random, except: [instance2], lasts: 0s, every: 1s, times: 200 }',
  );
  const targets = planFaults(steps, TARGETS, 7, LOAD_MS).map(({ target }) => target);
  t.deepEqual([...new Set(targets)].sort(), ['a', 'instance1']);
});

test('without times a step is repeated until shortly before the end of the load', (t) => {
  const faults = planFaults(
    stepsOf('{ at: 10s, do: cut, target: random, lasts: 5s, every: 10s }'),
    TARGETS,
    1,
    LOAD_MS,
  );
  t.deepEqual(
    faults.map(({ atMs }) => atMs),
    [10_000, 20_000, 30_000, 40_000, 50_000],
  );
  t.true(faults.every(({ target }) => TARGETS.links.includes(target)));
  const late = planFaults(
    stepsOf('{ at: 10s, do: cut, target: random, lasts: 5s, every: 10s, jitter: 9s }'),
    TARGETS,
    1,
    LOAD_MS,
  );
  t.is(late.length, 4, 'the last one is over in time however late it is');
  t.true(late.every(({ atMs }) => atMs + 5000 <= LOAD_MS - 5000));
});

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  [
    'a node that is not there',
    '{ at: 1s, do: kill, target: instance9 }',
    /x\.yaml:6: steps\.0\.target: 'instance9' is not in the chain; expected one of instance1, instance2, a, random, etcd/,
  ],
  [
    'a link that is not there',
    '{ at: 1s, do: cut, target: instance1 -> a }',
    /'instance1 -> a' is no link of the chain; expected one of instance1 -> instance2, instance2 -> a/,
  ],
  [
    'an exception that is not there',
    '{ at: 1s, do: kill, target: random, except: [instance9] }',
    /x\.yaml:6: steps\.0\.except: 'instance9' is not in the chain/,
  ],
  [
    'an exception where nothing is picked',
    '{ at: 1s, do: kill, target: a, except: [instance1] }',
    /steps\.0\.except: is for the target random, not for a/,
  ],
  [
    'an exception of everybody',
    '{ at: 1s, do: kill, target: random, except: [instance1, instance2, a] }',
    /steps\.0\.except: leaves no node to pick from/,
  ],
  ['a disk that was not asked for', '{ at: 1s, do: fill, target: a }', /'a' is not in `disks`/],
  [
    'a fault that cannot last',
    '{ at: 1s, do: reset, target: instance2 -> a, lasts: 3s }',
    /steps\.0\.lasts: unknown key/,
  ],
  ['an unknown fault', '{ at: 1s, do: explode, target: a }', /steps\.0\.do:/],
  ['a slow link without a rate', '{ at: 1s, do: slow, target: instance2 -> a }', /steps\.0\.bytesPerSecond:/],
];
for (const [what, step, expected] of REFUSED) {
  test(`refused: ${what}`, (t) => {
    t.regex(t.throws(() => stepsOf(step)).message, expected);
  });
}

test('`member` is one of the cluster, never one in reserve; `random` may be any node that is up', (t) => {
  const { chain, steps } = parseYaml(
    'x.yaml',
    `name: x
description: x
chain: { instances: 1, cluster: { members: 2, standby: 2 } }
generator: { rate: 1k/s }
steps:
  - { at: 1s, do: drain, target: member, lasts: 1s, every: 1s, times: 100 }
  - { at: 1s, do: kill, target: random, lasts: 1s, every: 1s, times: 100 }
  - { at: 9s, do: join, target: a3 }
`,
    scenarioSchema,
  );
  const faults = planFaults(steps, targetsOf(chain), 3, LOAD_MS);
  const targets = (action: string) =>
    [...new Set(faults.filter(({ step }) => step.do === action).map(({ target }) => target))].sort();
  t.deepEqual(targets('drain'), ['a1', 'a2']);
  t.deepEqual(targets('kill'), ['a1', 'a2', 'instance1']);
  t.deepEqual(targets('join'), ['a3']);
});
