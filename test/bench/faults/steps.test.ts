import test from 'ava';
import type { FaultEffects } from '../../../bench/faults/effects.ts';
import { type PlannedFault, planFaults } from '../../../bench/faults/plan.ts';
import type { Step } from '../../../bench/faults/step.ts';
import { StepRunner } from '../../../bench/run/steps.ts';
import { BenchError } from '../../../bench/run-error.ts';

// The order and the bookkeeping of faults; what they do to a chain is stood in for.

const TARGETS = { nodes: ['instance1', 'a'], members: [], links: ['instance1 -> a'] };

type Effect = (step: Step, target: string) => string;

function runner(
  faults: readonly PlannedFault[],
  effect: Effect,
  onEnd: () => void = () => undefined,
): { steps: StepRunner; said: string[]; done: string[] } {
  const said: string[] = [];
  const done: string[] = [];
  const effects = {
    do: async (step: Step, target: string) => {
      const detail = effect(step, target);
      done.push(`${step.do} ${target}`);
      return detail;
    },
    end: async (action: string, target: string) => {
      onEnd();
      done.push(`${action} ${target}`);
    },
    restore: async (target: string) => [`${target}: mended`],
  };
  const steps = new StepRunner(effects as unknown as FaultEffects, faults, ({ text }) => said.push(text));
  return { steps, said, done };
}

const always: Effect = () => '';
const signal = new AbortController().signal;

test('faults of one target follow one another, those of others do not wait', async (t) => {
  const faults = planFaults(
    [
      { at: 0, do: 'pause', target: 'a', lasts: 60 },
      { at: 10, do: 'kill', target: 'a', lasts: 0 },
      { at: 20, do: 'kill', target: 'instance1', lasts: 0 },
    ],
    TARGETS,
    1,
    1000,
  );
  const { steps, done } = runner(faults, always);
  await steps.run(Date.now(), signal);
  t.deepEqual(done, ['pause a', 'kill instance1', 'start instance1', 'resume a', 'kill a', 'start a']);
  t.deepEqual(steps.notDone, []);
  t.deepEqual(
    steps.records.map(({ action, target, fromMs, toMs }) => [
      action,
      target,
      toMs !== null && toMs >= fromMs,
    ]),
    [
      ['kill', 'instance1', true],
      ['pause', 'a', true],
      ['kill', 'a', true],
    ],
  );
});

test('what lasts beyond the end of the load is mended, and recorded until then', async (t) => {
  const faults = planFaults(
    [{ at: 0, do: 'cut', target: 'instance1 -> a', lasts: 60_000 }],
    TARGETS,
    1,
    1000,
  );
  const over = new AbortController();
  const { steps, said } = runner(faults, () => {
    over.abort();
    return '1 connection';
  });
  await steps.run(Date.now(), over.signal);
  await steps.undo(signal);
  t.deepEqual(said, ['cut instance1 -> a at 0 s for 60 s (1 connection)', 'instance1 -> a: mended']);
  t.like(steps.records[0], { action: 'cut', node: 'a' });
  t.not(steps.records[0]?.toMs, null);
});

test('chance may pick what is broken already, but most random faults must happen', async (t) => {
  const faults = planFaults(
    [{ at: 0, do: 'kill', target: 'random', lasts: 0, every: 1, times: 20 }],
    TARGETS,
    1,
    1000,
  );
  const failing = (share: number): Effect => {
    let count = 0;
    return () => {
      if (count++ % 10 >= share * 10) throw new BenchError('nothing-to-break', 'is not up');
      return '';
    };
  };
  const mostly = runner(faults, failing(0.6));
  await mostly.steps.run(Date.now(), signal);
  t.deepEqual(mostly.steps.notDone, []);
  t.true(mostly.said.some((text) => text.endsWith(': is not up')));
  const seldom = runner(faults, failing(0.4));
  await seldom.steps.run(Date.now(), signal);
  t.deepEqual(seldom.steps.notDone, ["only 8 of 20 random steps 'kill' happened"]);
});

test('a fault that was to happen and could not is named', async (t) => {
  const faults = planFaults([{ at: 0, do: 'kill', target: 'a' }], TARGETS, 1, 1000);
  const { steps } = runner(faults, () => {
    throw new Error('a is not up');
  });
  await steps.run(Date.now(), signal);
  t.deepEqual(steps.notDone, ["step 'kill a at 0 s' failed: a is not up"]);
});

const CHANCE = planFaults([{ at: 0, do: 'kill', target: 'random', lasts: 0 }], TARGETS, 4, 1000);

for (const [what, error] of [
  ['a broken proxy', new BenchError('run', 'the proxy answers 500')],
  ['an error of the rig', new Error('is not up')],
] as const) {
  test(`${what} is not chance, although the target was`, async (t) => {
    const { steps } = runner(CHANCE, () => {
      throw error;
    });
    await steps.run(Date.now(), signal);
    t.true(
      steps.notDone.some((text) => text.endsWith(`failed: ${error.message}`)),
      steps.notDone.join('\n'),
    );
  });
}

for (const code of ['run', 'nothing-to-break'] as const) {
  test(`a random target that could not be started again is named (${code})`, async (t) => {
    const { steps } = runner(CHANCE, always, () => {
      throw new BenchError(code, 'ended at start');
    });
    await steps.run(Date.now(), signal);
    t.is(steps.notDone.length, 1);
    t.regex(steps.notDone[0] ?? '', /^step 'kill \w+ at 0 s for 0 s' failed: ended at start$/);
  });
}
