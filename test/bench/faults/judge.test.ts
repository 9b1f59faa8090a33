import test from 'ava';
import type { FaultRecord, WatchedNode, WatchSample } from '../../../bench/faults/record.ts';
import type { Evidence } from '../../../bench/run/evidence.ts';
import { resultOf } from '../../../bench/run/result.ts';
import type { Scenario } from '../../../bench/scenario.ts';
import type { NodeAccount } from '../../../bench/tools/tool.ts';
import {
  EVENTS,
  evidence,
  manifest,
  receiverAccount,
  START_MS,
  samples,
  senderAccount,
  sourceAccount,
  verdictOfA,
} from '../run/evidence.ts';

// The faultless evidence: 1000 events of 100 bytes in 10 s from instance1 to a; here with an outage of a from second
// 2 to 8, noticed after 2 s.

const OUTAGE: FaultRecord = {
  action: 'pause',
  target: 'a',
  node: 'a',
  fromMs: START_MS + 2000,
  toMs: START_MS + 8000,
};
const CAP = 50_000;

function sender(
  changes: Partial<NonNullable<NodeAccount['log']>>,
  connected: boolean,
  bufferedBytes = 0,
): NodeAccount {
  const log = { capBytes: CAP, bytesMax: 40_000, syncs: 3, writtenBytes: 100, ...changes };
  const [lane] = senderAccount.destinations;
  if (lane === undefined) throw new Error('no lane');
  return { ...senderAccount, log, destinations: [{ ...lane, connected, bufferedBytes }] };
}

const receiver: NodeAccount = {
  ...receiverAccount,
  log: { capBytes: CAP, bytesMax: 40_000, syncs: 3, writtenBytes: 100 },
};

function watched(changes: (second: number) => Partial<WatchedNode> = () => ({})): WatchSample[] {
  return Array.from({ length: 12 }, (_, second) => {
    const down = second >= 4 && second < 8;
    const node: WatchedNode = {
      logBytes: 40_000,
      descriptors: 30,
      rssBytes: 50e6,
      account: sender({}, !down, down ? 35_000 : 0),
      ...changes(second),
    };
    return {
      timeMs: START_MS + second * 1000,
      nodes: { instance1: node, a: { ...node, account: receiver } },
      unregistered: second < 9 ? ['a'] : [],
    };
  });
}

function faulty(asserts: Partial<Scenario['asserts']>, changes: Partial<Evidence> = {}): Evidence {
  const base = evidence({ faults: { faults: [OUTAGE], watch: watched() }, ...changes });
  const scenario = {
    ...base.plan.scenario,
    asserts: { ...base.plan.scenario.asserts, drainMax: 60_000, ...asserts },
  };
  return { ...base, plan: { ...base.plan, scenario } };
}

const range = (first: number, last: number) => ({
  events: last - first + 1,
  ranges: [{ runner: 1, epoch: 1, first, last }],
});
const lost = (first: number, last: number): Partial<Evidence> => ({
  destinations: [{ ...verdictOfA, delivered: EVENTS - (last - first + 1), lost: range(first, last) }],
});
const watch = (changes: (second: number) => Partial<WatchedNode>): Partial<Evidence> => ({
  faults: { faults: [OUTAGE], watch: watched(changes) },
});
const etcdBack: FaultRecord = {
  action: 'kill',
  target: 'etcd',
  node: 'etcd',
  fromMs: START_MS + 2000,
  toMs: START_MS + 5000,
};

const withReceiver = (source: Partial<NodeAccount['sources'][number]>): Partial<Evidence> => {
  const { books } = evidence();
  const account = { ...receiverAccount, sources: [sourceAccount({ name: 'hop', ...source })] };
  return {
    books: { ...books, nodes: books.nodes.map((node) => (node.id === 'a' ? { ...node, account } : node)) },
  };
};

const HOLDS: readonly (readonly [string, Partial<Scenario['asserts']>, Partial<Evidence>])[] = [
  ['nothing asked', {}, {}],
  ['noticed in time', { noticedMax: 3000 }, {}],
  ['both seconds there', { outage: { first: 'present', last: 'present' } }, {}],
  [
    'the oldest dropped',
    { lost: 'any', conservation: 'any', outage: { first: 'lost', last: 'present' } },
    lost(200, 500),
  ],
  [
    'the newest dropped',
    { lost: 'any', conservation: 'any', outage: { first: 'present', last: 'lost' } },
    lost(500, 799),
  ],
  ['the cap reached', { capReached: ['instance1'] }, {}],
  ['the disk used', { bufferedShareMin: 0.5 }, {}],
  ['registered again', { registeredMax: 5000 }, { faults: { faults: [etcdBack], watch: watched() } }],
  ['nothing grew', { rssGrowthMax: 0, descriptorGrowthMax: 0, diskGrowthMax: 0 }, {}],
  [
    'one process lived through the load',
    { rssGrowthMax: 0 },
    { faults: { faults: [{ ...OUTAGE, action: 'kill' }], watch: watched() } },
  ],
  [
    'refused by a listener, and sent again',
    { lost: 'counted', conservation: 'any' },
    withReceiver({ read: EVENTS + 3, refused: 3 }),
  ],
  ['caught up', { recoverMax: 4000 }, {}],
  ['held', { heldMin: 1000 }, { manifest: { ...manifest, heldMs: 1500 } }],
];
for (const [what, asserts, changes] of HOLDS) {
  test(`holds: ${what}`, (t) => {
    t.deepEqual(resultOf(faulty(asserts, changes)).failures, []);
  });
}

const [lane] = senderAccount.destinations;
const skipping = (skipped: number): NodeAccount => ({
  ...senderAccount,
  destinations:
    lane === undefined
      ? []
      : [{ ...lane, acknowledged: EVENTS - skipped, skipped, reasons: { damaged: skipped } }],
});
const withSender = (account: NodeAccount): Partial<Evidence> => ({
  books: {
    ...evidence().books,
    nodes: evidence().books.nodes.map((node) =>
      node.id === 'a' ? { ...node, account: receiverAccount } : { ...node, account },
    ),
  },
});

const MUTATIONS: readonly (readonly [string, Partial<Scenario['asserts']>, Partial<Evidence>, RegExp])[] = [
  [
    'noticed too late',
    { noticedMax: 1000 },
    {},
    /^instance1 noticed 'pause a' after 2\.0 s, expected within 1\.0 s$/,
  ],
  [
    'never noticed',
    { noticedMax: 3000 },
    watch(() => ({ account: sender({}, true) })),
    /^instance1 did not notice 'pause a'/,
  ],
  [
    'nothing to notice',
    { noticedMax: 3000 },
    { faults: { faults: [], watch: watched() } },
    /^no fault happened that a sender could have noticed/,
  ],
  [
    'a fault of a node to which nobody sends',
    { noticedMax: 3000 },
    {
      faults: { faults: [{ ...OUTAGE, target: 'instance1', node: 'instance1' }], watch: watched() },
    },
    /^no fault happened that a sender could have noticed/,
  ],
  [
    'a connection that was down before the fault',
    { noticedMax: 3000 },
    watch(() => ({ account: sender({}, false) })),
    /^instance1 did not notice 'pause a'/,
  ],
  [
    'a connection that was lost just before the fault and stayed so',
    { noticedMax: 3000 },
    watch((second) => ({ account: sender({}, second < 1 || second > 8) })),
    /^instance1 did not notice 'pause a'/,
  ],
  [
    'a cap that nobody knows',
    {},
    watch(() => ({ account: sender({ capBytes: 0 }, true) })),
    /^instance1: its cap is not known/,
  ],
  [
    'a cap that nobody was asked for',
    {},
    { faults: { faults: [OUTAGE], watch: [] } },
    /^instance1: its cap is not known/,
  ],
  [
    'a cap to be reached that nobody looked at',
    { capReached: ['instance1'] },
    { faults: { faults: [], watch: [] } },
    /^instance1: its log was at most .* was not reached$/,
  ],
  [
    'a loss behind what a listener refused and got again',
    { lost: 'counted', conservation: 'any' },
    { ...withReceiver({ refused: 3 }), ...lost(5, 7) },
    /^a: 3 lost \(0 torn\), but the counters say 0: none$/,
  ],
  [
    'a fault shorter than the time to notice it',
    { noticedMax: 7000 },
    {},
    /^no fault happened that a sender could have noticed/,
  ],
  [
    'one event of the first second lost',
    { lost: 'any', conservation: 'any', outage: { first: 'present', last: 'present' } },
    lost(250, 250),
    /^a: events of the first second of 'pause a' are partly lost \(1 of 100\), expected present$/,
  ],
  [
    'the last second lost',
    { lost: 'any', conservation: 'any', outage: { first: 'present', last: 'present' } },
    lost(700, 799),
    /^a: events of the last second of 'pause a' are lost \(100 of 100\)/,
  ],
  [
    'the wrong end dropped',
    { lost: 'any', conservation: 'any', outage: { first: 'lost', last: 'present' } },
    lost(500, 799),
    /first second .* are present \(0 of 100\), expected lost$/,
  ],
  [
    'more ranges lost than are listed',
    { lost: 'any', conservation: 'any', outage: { first: 'present', last: 'present' } },
    { destinations: [{ ...verdictOfA, lost: { events: 5, ranges: [] } }] },
    /first second .* are unknown/,
  ],
  [
    'an outage that never happened',
    { outage: { first: 'present', last: 'present' } },
    { faults: { faults: [], watch: [] } },
    /^no outage happened/,
  ],
  [
    'the cap exceeded by its own account',
    {},
    watch(() => ({ account: sender({ bytesMax: CAP + 1 }, true) })),
    /^instance1: its log was 50001 bytes by its own account, above its cap of 50000$/,
  ],
  [
    'the cap exceeded on the disk only',
    {},
    watch((second) => (second === 5 ? { logBytes: CAP + 7 } : {})),
    /^instance1: its log folder was 50007 bytes, above its cap of 50000$/,
  ],
  [
    'a cap that was never reached',
    { capReached: ['instance1'] },
    watch(() => ({ account: sender({ bytesMax: 30_000 }, true) })),
    /^instance1: its log was at most .* was not reached$/,
  ],
  [
    'a buffer in memory, or in the source',
    { bufferedShareMin: 0.8 },
    watch(() => ({ account: sender({}, true, 100) })),
    /were buffered, expected at least/,
  ],
  [
    'never registered again',
    { registeredMax: 5000 },
    { faults: { faults: [etcdBack], watch: watched().slice(0, 9) } },
    /^not registered again after the registry came back: a$/,
  ],
  [
    'registered too late',
    { registeredMax: 3000 },
    { faults: { faults: [etcdBack], watch: watched() } },
    /^everyone was registered again 4\.0 s after/,
  ],
  ['a registry that never went', { registeredMax: 3000 }, {}, /^the registry did not come back/],
  ['a generator that never waited', { heldMin: 1000 }, {}, /^the generator was held for 0\.0 s/],
  [
    'memory that grows',
    { rssGrowthMax: 1e6 },
    watch((second) => ({ rssBytes: 50e6 + second * 1e6 })),
    /^instance1: memory grew by \d+ bytes, expected at most 1000000$/,
  ],
  [
    'descriptors that leak',
    { descriptorGrowthMax: 2 },
    watch((second) => ({ descriptors: 30 + second })),
    /^instance1: open descriptors grew by \d+, expected at most 2$/,
  ],
  [
    'a log folder that is never emptied',
    { diskGrowthMax: 5000 },
    watch((second) => ({ logBytes: 20_000 + second * 1500 })),
    /^instance1: its log folder grew by \d+ bytes, expected at most 5000$/,
  ],
  [
    'a folder that nobody measured',
    { diskGrowthMax: 5000 },
    watch(() => ({ logBytes: null })),
    /^instance1: its log folder grew by NaN bytes/,
  ],
  [
    'growth where every process was started again',
    { rssGrowthMax: 1e6 },
    {
      faults: {
        faults: [
          { ...OUTAGE, action: 'kill' },
          { ...OUTAGE, action: 'stop', target: 'instance1', node: 'instance1' },
        ],
        watch: watched(),
      },
    },
    /^every process was started again during the load: what leaks could not show$/,
  ],
  [
    'growth where the last process was killed from outside',
    { descriptorGrowthMax: 1 },
    {
      killedFromOutside: ['instance1'],
      faults: { faults: [{ ...OUTAGE, action: 'kill' }], watch: watched() },
    },
    /^every process was started again during the load/,
  ],
  [
    'growth that nobody measured',
    { rssGrowthMax: 1e6 },
    { faults: { faults: [OUTAGE], watch: [] } },
    /^instance1: memory grew by NaN bytes/,
  ],
  [
    'a destination that got nothing for long',
    { gapMax: 3000 },
    {
      samples: samples().map((sample, second) =>
        second < 2 || second > 8 ? sample : { ...sample, directories: samples()[2]?.directories ?? {} },
      ),
    },
    /^a got nothing for 6\.0 s, expected at most 3\.0 s$/,
  ],
  [
    'more lost than the counters say',
    { lost: 'counted', conservation: 'any' },
    { ...withSender(skipping(2)), ...lost(5, 7) },
    /^a: 3 lost \(0 torn\), but the counters say 2: instance1 -> a damaged 2$/,
  ],
  [
    'fewer lost than the counters say',
    { lost: 'counted', conservation: 'any' },
    withSender(skipping(2)),
    /^a: 0 lost \(0 torn\), but the counters say 2/,
  ],
  [
    'a destination that should not have noticed',
    { lost: 'any', conservation: 'any', untouched: ['a'] },
    lost(5, 5),
    /^a: 1 lost, expected untouched$/,
  ],
  [
    'a disk that did not drain while it was full',
    { drainsWhileFull: true },
    {
      faults: {
        faults: [{ ...OUTAGE, action: 'fill', target: 'instance1', node: 'instance1' }],
        watch: watched(() => ({
          account: { ...senderAccount, destinations: lane === undefined ? [] : [{ ...lane, buffered: 4 }] },
        })),
      },
    },
    /^instance1 had 4 events waiting when its disk became full, and 4 when it had room again$/,
  ],
];
for (const [what, asserts, changes, expected] of MUTATIONS) {
  test(`reported: ${what}`, (t) => {
    const { verdict, failures } = resultOf(faulty(asserts, changes));
    t.is(verdict, 'fail', failures.join('\n'));
    t.true(
      failures.some((failure) => expected.test(failure)),
      failures.join('\n'),
    );
  });
}

test('losses that are counted to the event pass, whatever the reason', (t) => {
  const changes = { ...withSender(skipping(3)), ...lost(5, 7) };
  t.deepEqual(resultOf(faulty({ lost: 'counted', conservation: 'any' }, changes)).failures, []);
});

test('a tool without counters is not asked how much it buffered; the folder of its buffer is noted', (t) => {
  const { books } = evidence();
  const unseen = (second: number) => ({
    ...{ logBytes: null, account: null },
    bufferBytes: 5e6 + (second === 6 ? 3 * 2 ** 20 : 0),
  });
  const nodes = books.nodes.map((node) => ({
    ...{ ...node, account: null },
    verdict: node.id === 'a' ? verdictOfA : null,
  }));
  const changes = { ...watch(unseen), books: { ...books, keepsAccounts: false, nodes } };
  const { verdict, failures, notes } = resultOf(faulty({ bufferedShareMin: 0.8 }, changes));
  t.deepEqual(failures, []);
  t.is(verdict, 'pass');
  t.true(notes.includes("the folder of instance1's buffer grew by up to 3 MiB"), notes.join('\n'));
});
