import test from 'ava';
import type { Evidence } from '../../../bench/run/evidence.ts';
import { oomKillsSince, parseOomKills } from '../../../bench/run/oom.ts';
import { resultOf } from '../../../bench/run/result.ts';
import type { NodeAccount } from '../../../bench/tools/tool.ts';
import {
  destinationAccount,
  EVENTS,
  evidence,
  manifest,
  receiverAccount,
  START_MS,
  senderAccount,
  sourceAccount,
  verdictOfA,
} from './evidence.ts';

test('a faultless run passes, with every equation closed and the figures of its window', (t) => {
  const result = resultOf(evidence());
  t.deepEqual([result.verdict, result.failures], ['pass', []]);
  t.is(result.conservation.state, 'closed');
  t.is(result.conservation.equations.length, 9);
  t.is(result.window.endMs - result.window.startMs, 10_020);
  t.is(Math.round(result.ratePerMinute), Math.round((EVENTS / 10.02) * 60));
  t.is(result.eventBytes, 100);
  t.true(
    Math.abs(result.cpuSecondsPerMillion - 1100) < 1e-6,
    'only the tool, over the window: 1.1 s for 1000',
  );
});

function withAccounts(sender: NodeAccount, receiver: NodeAccount): Partial<Evidence> {
  const { books } = evidence();
  const accounts = new Map([
    ['instance1', sender],
    ['a', receiver],
  ]);
  return {
    books: {
      ...books,
      nodes: books.nodes.map((node) => ({ ...node, account: accounts.get(node.id) ?? null })),
    },
  };
}
const taken = (events: number): Partial<NodeAccount> => ({
  sources: [sourceAccount({ name: 'hop', read: events, appended: events })],
  logAppended: events,
});
const range = (events: number) => ({ events, ranges: [] });
const spoiled = (changes: Partial<typeof verdictOfA>): Partial<Evidence> => ({
  destinations: [{ ...verdictOfA, ...changes }],
});

const MUTATIONS: readonly (readonly [string, Partial<Evidence>, 'fail' | 'invalid', RegExp])[] = [
  ['an event lost', spoiled({ lost: range(1) }), 'fail', /^a: 1 lost, expected at most 0$/],
  ['an event doubled', spoiled({ duplicated: range(2) }), 'fail', /^a: 2 duplicated/],
  ['disorder', spoiled({ reordered: range(3) }), 'fail', /^a: 3 reordered/],
  ['a torn line', spoiled({ torn: 1 }), 'fail', /^a: 1 torn/],
  ['a foreign line', spoiled({ foreign: 1 }), 'fail', /^a: 1 foreign/],
  ['a destination that nobody verified', { destinations: [] }, 'fail', /^a: not verified$/],
  ['bytes that never arrived', { drained: false }, 'fail', /not every destination had all bytes/],
  ['a crash', { misbehaved: ['a ended by itself with status 1'] }, 'fail', /^a ended by itself/],
  [
    'too high a latency',
    spoiled({ latencyMs: verdictOfA.latencyMs && { ...verdictOfA.latencyMs, p99: 501 } }),
    'fail',
    /^latency p99 is 501 ms, expected at most 500 ms$/,
  ],
  ['no latency at all', spoiled({ latencyMs: null }), 'fail', /^latency p99 is unknown/],
  [
    'a p99 that is no number',
    spoiled({ latencyMs: verdictOfA.latencyMs && { ...verdictOfA.latencyMs, p99: Number.NaN } }),
    'fail',
    /^latency p99 is NaN ms, expected at most 500 ms$/,
  ],
  [
    'arrivals that nobody saw',
    spoiled({ latencyMs: verdictOfA.latencyMs && { ...verdictOfA.latencyMs, count: EVENTS - 2 } }),
    'fail',
    /^a: only 998 of 1000 delivered events have an observed arrival/,
  ],
  [
    'one of two destinations without arrivals',
    {
      destinations: [verdictOfA, { ...verdictOfA, name: 'b', latencyMs: null }],
    },
    'fail',
    /^b: only 0 of 1000 delivered events have an observed arrival/,
  ],
  [
    'an agent that ate all memory',
    { killedFromOutside: ['instance2'], oomKills: 1 },
    'fail',
    /^the kernel's OOM killer ended processes during the run \(1\); killed were instance2$/,
  ],
  ['a slow drain', spoiled({ lastArrivalMs: START_MS + 12_500 }), 'fail', /arrived 2\.5 s after it was sent/],
  [
    'a source that read more than it accounts for',
    withAccounts({ ...senderAccount, sources: [sourceAccount({ read: EVENTS + 1 })] }, receiverAccount),
    'fail',
    /^instance1, source events: read = .* does not hold \(1001 against 1000\)$/,
  ],
  [
    'a destination with an event nobody counted',
    withAccounts(
      { ...senderAccount, destinations: [destinationAccount({ acknowledged: EVENTS - 1 })] },
      receiverAccount,
    ),
    'fail',
    /^instance1, destination a: appended = .* \(1000 against 999\)$/,
  ],
  [
    'a receiver that appended more than it acknowledged',
    withAccounts(senderAccount, { ...receiverAccount, sources: [sourceAccount({ appended: EVENTS + 1 })] }),
    'fail',
    /^instance1 -> a: acknowledged to the sender = appended by the receiver does not hold \(1000 against 1001\)$/,
  ],
  [
    'a gap that the sender counts and the receiver was never told of',
    withAccounts(
      { ...senderAccount, destinations: [destinationAccount({ acknowledged: EVENTS - 4, dropped: 4 })] },
      { ...receiverAccount, ...taken(EVENTS - 4), skippedByPeers: 3 },
    ),
    'fail',
    /^instance1 -> a: acknowledged \+ skipped \+ dropped by the sender = .* does not hold \(1000 against 999\)$/,
  ],
  [
    'a gap that the receiver was told of and the sender does not count',
    withAccounts(senderAccount, { ...receiverAccount, skippedByPeers: 1 }),
    'fail',
    /^instance1 -> a: acknowledged \+ skipped \+ dropped by the sender = .* does not hold \(1000 against 1001\)$/,
  ],
  [
    'a log that counts otherwise than its sources',
    withAccounts({ ...senderAccount, logAppended: EVENTS - 1 }, receiverAccount),
    'fail',
    /^instance1, log/,
  ],
  [
    'an instance whose counters could not be read',
    {
      books: {
        ...evidence().books,
        nodes: evidence().books.nodes.map((node) => ({ ...node, account: null })),
      },
    },
    'fail',
    /^instance1: no account could be read/,
  ],
  [
    'a late generator',
    { manifest: { ...manifest, lateEvents: 7, lagMs: { max: 900, p99: 800 } } },
    'invalid',
    /^the generator was late: 7 events later than 500 ms, at most 900 ms/,
  ],
  [
    'a generator that was cut off',
    { manifest: { ...manifest, final: false } },
    'invalid',
    /without a final manifest/,
  ],
  [
    'a generator that gave up',
    { manifest: { ...manifest, events: 10 } },
    'invalid',
    /wrote 10 of 1000 events/,
  ],
  ['no manifest', { manifest: null }, 'invalid', /wrote no manifest/],
  [
    'a fault that never happened',
    { invalid: ["step 'kill a at 90 s' never happened"] },
    'invalid',
    /^step 'kill a at 90 s' never happened$/,
  ],
];
for (const [what, changes, verdict, expected] of MUTATIONS) {
  test(`${what}: ${verdict}`, (t) => {
    const result = resultOf(evidence(changes));
    t.is(result.verdict, verdict, result.failures.join('\n'));
    t.true(
      result.failures.some((failure) => expected.test(failure)),
      result.failures.join('\n'),
    );
  });
}

test('a scenario may allow what it does not promise', (t) => {
  const lossy = evidence(spoiled({ lost: range(5) }));
  const { scenario } = lossy.plan;
  const asserts = { ...scenario.asserts, lost: 'any', conservation: 'any' } as const;
  const result = resultOf({ ...lossy, plan: { ...lossy.plan, scenario: { ...scenario, asserts } } });
  t.deepEqual(result.failures, []);
});

test('disorder fails only a tool whose documentation promises order', (t) => {
  const disorderly = evidence(spoiled({ reordered: range(3) }));
  const { tool } = disorderly.plan;
  const lax = { ...tool, features: { ...tool.features, keepsOrder: false } };
  t.is(resultOf(disorderly).verdict, 'fail');
  t.deepEqual(resultOf({ ...disorderly, plan: { ...disorderly.plan, tool: lax } }).failures, []);
});

test('a tool without counters: a hop whose far side has fewer events is open', (t) => {
  const { books } = evidence();
  const lossy = { ...verdictOfA, delivered: EVENTS - 1 };
  const nodes = books.nodes.map((node) => ({
    ...node,
    account: null,
    verdict: node.to.length === 0 ? lossy : null,
  }));
  const { conservation } = resultOf(evidence({ books: { ...books, keepsAccounts: false, nodes } }));
  t.is(conservation.state, 'open');
  t.like(conservation.equations[0], {
    where: 'instance1 -> a',
    left: EVENTS,
    right: EVENTS - 1,
    holds: false,
  });
});

test('cut short: the reason is given, not everything that follows from it', (t) => {
  const { verdict, failures } = resultOf(
    evidence({ invalid: ['the run was interrupted'], destinations: [], drained: false }),
  );
  t.deepEqual([verdict, failures], ['invalid', ['the run was interrupted']]);
});

test('a flood is timed from the start of its first sender and has no latency', (t) => {
  const started = START_MS + 5000;
  const flood = evidence({ floodStartMs: started });
  const result = resultOf({ ...flood, plan: { ...flood.plan, pace: { kind: 'flood' } } });
  t.is(result.window.startMs, started);
  t.is(result.latencyMs, null);
  t.is(result.verdict, 'pass');
});

test('where someone killed a process from outside, the limit on latency is not judged, losses still are', (t) => {
  const slow = spoiled({ latencyMs: verdictOfA.latencyMs && { ...verdictOfA.latencyMs, p99: 501 } });
  t.is(resultOf(evidence({ ...slow, killedFromOutside: ['instance2'] })).verdict, 'pass');
  const lossy = spoiled({
    delivered: verdictOfA.delivered - 1,
    lost: { events: 1, ranges: [{ runner: 1, epoch: 1, first: 7, last: 7 }] },
  });
  t.is(resultOf(evidence({ ...lossy, killedFromOutside: ['instance2'] })).verdict, 'fail');
});

test('what the kernel killed elsewhere on the machine is not held against the tool', (t) => {
  t.is(resultOf(evidence({ oomKills: 1 })).verdict, 'pass');
});

test('the count of the OOM killer is read, and where the kernel has none nothing rose', (t) => {
  t.is(parseOomKills('pgfault 12\noom_kill 3\noom_kill_x 9\n'), 3);
  t.is(parseOomKills('pgfault 12\n'), null);
  t.deepEqual(
    [oomKillsSince(3, 5), oomKillsSince(3, 3), oomKillsSince(null, 5), oomKillsSince(3, null)],
    [2, 0, 0, 0],
  );
});

test('what was dropped and announced closes; what several senders feed into one listener is summed', (t) => {
  const { books } = evidence();
  const half = { appended: EVENTS / 2, acknowledged: EVENTS / 2 - 3, skipped: 1, dropped: 2 };
  const sender: NodeAccount = { ...senderAccount, destinations: [destinationAccount(half)] };
  const receiver: NodeAccount = { ...receiverAccount, ...taken(EVENTS - 6), skippedByPeers: 6 };
  const [first, last] = books.nodes;
  if (first === undefined || last === undefined) throw new Error('no nodes');
  const nodes = [
    { ...first, account: sender },
    { ...first, id: 'instance2', account: sender },
    { ...last, account: receiver },
  ];
  const { equations } = resultOf(evidence({ books: { ...books, nodes } })).conservation;
  const hop = equations.filter(({ where }) => where === 'instance1 -> a');
  t.deepEqual(
    hop.map(({ left, right, holds }) => [left, right, holds]),
    [
      [EVENTS - 6, EVENTS - 6, true],
      [EVENTS, EVENTS, true],
    ],
  );
});

test('allowed-disorder: a destination has failed where an assertion about its events does not hold', (t) => {
  const disorder = spoiled({ reordered: range(3) });
  t.deepEqual(resultOf(evidence()).failedAt, []);
  t.deepEqual(resultOf(evidence(disorder)).failedAt, ['a']);
  t.deepEqual(resultOf(evidence(spoiled({ lost: range(1) }))).failedAt, ['a']);
  const { plan } = evidence();
  const asserts = { ...plan.scenario.asserts, reordered: 'any' as const };
  const allowing = { ...plan, scenario: { ...plan.scenario, asserts } };
  const result = resultOf(evidence({ ...disorder, plan: allowing }));
  t.deepEqual([result.verdict, result.failedAt], ['pass', []]);
});
