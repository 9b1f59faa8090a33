import test from 'ava';
import type { Evidence } from '../../../bench/run/evidence.ts';
import { resultOf } from '../../../bench/run/result.ts';
import type { Scenario } from '../../../bench/scenario.ts';
import type { NodeAccount } from '../../../bench/tools/tool.ts';
import type { RangeList } from '../../../bench/verifier/spec.ts';
import { evidence, receiverAccount, senderAccount, sourceAccount, verdictOfA } from '../run/evidence.ts';

const ANYTHING = { lost: 'any', foreign: 'any', torn: 'any', conservation: 'any' } as const;

function judged(asserts: Partial<Scenario['asserts']>, changes: Partial<Evidence>): readonly string[] {
  const base = evidence(changes);
  const scenario = {
    ...base.plan.scenario,
    asserts: { ...base.plan.scenario.asserts, ...ANYTHING, ...asserts },
  };
  return resultOf({ ...base, plan: { ...base.plan, scenario } }).failures;
}

const lost = (...pairs: readonly (readonly [number, number])[]): RangeList => ({
  events: pairs.reduce((sum, [first, last]) => sum + last - first + 1, 0),
  ranges: pairs.map(([first, last]) => ({ runner: 1, epoch: 1, first, last })),
});
const sets = (a: RangeList, b: RangeList, more: object = {}) =>
  judged(
    { equalSets: true },
    {
      destinations: [
        { ...verdictOfA, lost: a },
        { ...verdictOfA, name: 'b', lost: b, ...more },
      ],
    },
  );

test('destinations that got the very same events are equal, also where all of them lack the same', (t) => {
  t.deepEqual(sets(lost(), lost()), []);
  t.deepEqual(sets(lost([3, 9], [20, 20]), lost([3, 9], [20, 20])), []);
});

test('equal counts of other events are no equal sets', (t) => {
  t.deepEqual(sets(lost([10, 19]), lost([30, 39])), [
    'a has 10 events that b has not',
    'b has 10 events that a has not',
  ]);
  t.deepEqual(sets(lost([10, 19]), lost([15, 24])), [
    'a has 5 events that b has not',
    'b has 5 events that a has not',
  ]);
});

test('one that lacks something fails, and so does what cannot be compared', (t) => {
  t.deepEqual(sets(lost(), lost([5, 6])), ['a has 2 events that b has not']);
  t.deepEqual(sets(lost(), { ...lost([5, 6]), events: 900 }), [
    'a and b: more ranges are lost than are listed, sets unknown',
    'b and a: more ranges are lost than are listed, sets unknown',
  ]);
  t.deepEqual(sets(lost(), lost(), { foreign: 1 }), ['b: 0 torn and 1 foreign lines are in no set']);
  t.deepEqual(judged({ equalSets: true }, {}), ['fewer than two destinations to compare']);
});

test('a log that is written more than once for its bytes fails, and so does one that says nothing', (t) => {
  const wrote = (account: NodeAccount, writtenBytes: number): NodeAccount => ({
    ...account,
    sources: [sourceAccount({ appendedBytes: 1000 })],
    log: { capBytes: 1, bytesMax: 1, syncs: 1, writtenBytes },
  });
  const run = (sender: NodeAccount, receiver: NodeAccount) => {
    const base = evidence();
    const nodes = base.books.nodes.map((node) => ({ ...node, account: node.id === 'a' ? receiver : sender }));
    return judged({ writtenShareMax: 1.1 }, { books: { ...base.books, nodes } });
  };
  t.deepEqual(run(wrote(senderAccount, 1050), wrote(receiverAccount, 1100)), []);
  t.deepEqual(run(wrote(senderAccount, 3050), wrote(receiverAccount, 1100)), [
    'instance1 wrote 3.05 bytes to its log for every byte it took, expected at most 1.1',
  ]);
  t.deepEqual(run(wrote(senderAccount, 1050), receiverAccount), [
    'a: nobody says how much it wrote to its log',
  ]);
});
