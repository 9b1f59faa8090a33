// Each thing that is asserted of a cluster fails when it should, and only then.

import test from 'ava';
import type { FaultRecord } from '../../../bench/faults/record.ts';
import type { Sample } from '../../../bench/observer/spec.ts';
import type { Evidence } from '../../../bench/run/evidence.ts';
import { resultOf } from '../../../bench/run/result.ts';
import type { Scenario } from '../../../bench/scenario.ts';
import type { DestinationAccount } from '../../../bench/tools/tool.ts';
import type { DestinationVerdict, KeyFindings } from '../../../bench/verifier/spec.ts';
import {
  destinationAccount,
  evidence,
  manifest,
  receiverAccount,
  START_MS,
  senderAccount,
  sourceAccount,
  verdictOfA,
} from '../run/evidence.ts';

// 1000 events of 100 bytes in 10 s, shared by a1, a2 and a3; a2 dies at second 3 and returns at 5.

const MEMBERS = ['a1', 'a2', 'a3'];
const PARTS = [400, 200, 400];
const KILL: FaultRecord = {
  action: 'kill',
  target: 'a2',
  node: 'a2',
  fromMs: START_MS + 3000,
  toMs: START_MS + 5000,
};

type Rates = (ms: number) => readonly [number, number, number];
const STEADY: Rates = () => [3333, 3333, 3333];
const KILLED: Rates = (ms) => (ms >= 3000 && ms < 6000 ? [5000, 0, 5000] : [3333, 3333, 3333]);

/** Four a second; `rates` are bytes a second. */
function samples(rates: Rates): Sample[] {
  const total: [number, number, number] = [0, 0, 0];
  return Array.from({ length: 49 }, (_, index) => {
    const ms = index * 250;
    const directory = (bytes: number) => ({ totalBytes: bytes, presentBytes: bytes, files: 1 });
    const [a1, a2, a3] = total;
    const directories = {
      source: directory(Math.min(ms, 10_000) * 10),
      a1: directory(a1),
      a2: directory(a2),
      a3: directory(a3),
      a: directory(a1 + a2 + a3),
    };
    const now = ms < 10_000 ? rates(ms) : ([0, 0, 0] as const);
    for (const member of [0, 1, 2] as const) total[member] += now[member] / 4;
    return {
      timeMs: START_MS + ms,
      processes: {},
      directories,
      machine: { busySeconds: 1, stealSeconds: 0, ioWaitSeconds: 0 },
    };
  });
}

interface Case {
  readonly asserts?: Partial<Scenario['asserts']>;
  readonly rates?: Rates;
  readonly faults?: readonly FaultRecord[];
  readonly parts?: readonly number[];
  readonly lane?: Partial<DestinationAccount>;
  readonly verdict?: Partial<DestinationVerdict>;
}

function clustered(given: Case): Evidence {
  const { asserts = {}, rates = KILLED, faults = [KILL], parts = PARTS, lane = {}, verdict = {} } = given;
  const base = evidence();
  const members = MEMBERS.map((name, index) => ({ name, events: parts[index] ?? 0 }));
  const verdictOfAll = { ...verdictOfA, members, ...verdict };
  const nodes = MEMBERS.map((id, index) => {
    const events = parts[index] ?? 0;
    const account = {
      ...receiverAccount,
      logAppended: events,
      sources: [sourceAccount({ name: 'hop', read: events, appended: events })],
    };
    return { id, from: 'instance1', to: [], destination: 'a', account, verdict: null };
  });
  const sender = { ...senderAccount, destinations: [destinationAccount(lane)] };
  const scenario = {
    ...base.plan.scenario,
    asserts: { ...base.plan.scenario.asserts, drainMax: 60_000, ...asserts },
  };
  return {
    ...base,
    plan: { ...base.plan, scenario },
    samples: samples(rates),
    faults: { faults, watch: [] },
    destinations: [verdictOfAll],
    books: {
      keepsAccounts: true,
      manifests: [manifest],
      nodes: [{ id: 'instance1', from: null, to: MEMBERS, account: sender, verdict: null }, ...nodes],
      clusters: [{ name: 'a', members: MEMBERS, verdict: verdictOfAll }],
    },
  };
}

const failuresOf = (given: Case) =>
  resultOf(clustered(given)).failures.filter((failure) => !/its cap is not known/.test(failure));

test('a cluster of which all is as it should be passes, and says who has what', (t) => {
  const asserts = {
    spreadMax: 0.1,
    takenOverMax: 2000,
    sharedAgainMax: 5000,
    duplicated: 'counted' as const,
  };
  t.deepEqual(failuresOf({ asserts }), []);
  const { notes } = resultOf(clustered({ asserts }));
  t.true(notes.includes('a: a1 400, a2 200, a3 400; 0 doubled (0 known, 0 in doubt)'), notes.join('\n'));
});

test('spread: of those who were there all the time', (t) => {
  const asserts = { spreadMax: 0.1 };
  t.deepEqual(failuresOf({ asserts, parts: [450, 150, 400] }), [
    'a: its members differ by 12 % of their mean (a1 450, a3 400), expected at most 10 %',
  ]);
  t.deepEqual(failuresOf({ asserts, faults: [], rates: STEADY, parts: [400, 200, 400] }), [
    'a: its members differ by 60 % of their mean (a1 400, a2 200, a3 400), expected at most 10 %',
  ]);
  const all = MEMBERS.map((node) => ({ ...KILL, node, target: node }));
  t.deepEqual(failuresOf({ asserts, faults: all }), ['a: fewer than two members were there all the time']);
});

test('the rest take over: late, never, or nobody was lost', (t) => {
  const asserts = { takenOverMax: 1000 };
  const late: Rates = (ms) => (ms >= 3000 && ms < 5500 ? [1000, 0, 1000] : [5000, 3333, 5000]);
  t.deepEqual(failuresOf({ asserts, rates: late }), [
    "a: after 'kill a2' the rest carried the whole load after 2.3 s, expected 1.0 s",
  ]);
  t.deepEqual(failuresOf({ asserts, rates: (ms) => (ms >= 3000 ? [3000, 0, 3000] : [5000, 0, 5000]) }), [
    "a: after 'kill a2' the rest never carried the whole load",
  ]);
  const nobody = ['a: no member was lost under load whose part others could have taken over'];
  t.deepEqual(failuresOf({ asserts, faults: [], rates: STEADY }), nobody);
  const atTheEnd = { ...KILL, fromMs: START_MS + 9900, toMs: START_MS + 11_000 };
  t.deepEqual(failuresOf({ asserts, faults: [atTheEnd], rates: STEADY }), nobody);
});

test('who returns or joins has its part: late, never, or nobody did', (t) => {
  const asserts = { sharedAgainMax: 500 };
  t.deepEqual(failuresOf({ asserts }), [
    "a: after 'kill a2' was over it had its part again after 1.0 s, expected 0.5 s",
  ]);
  const never: Rates = (ms) => (ms >= 3000 ? [5000, 100, 5000] : [3333, 3333, 3333]);
  t.deepEqual(failuresOf({ asserts, rates: never }), [
    "a: after 'kill a2' was over it never had its part again",
  ]);
  t.deepEqual(failuresOf({ asserts, faults: [{ ...KILL, toMs: null }] }), [
    'a: no member returned under load',
  ]);
  const joined: FaultRecord = { ...KILL, action: 'join', toMs: null };
  t.deepEqual(failuresOf({ asserts: { sharedAgainMax: 3000 }, faults: [joined] }), []);
  t.deepEqual(failuresOf({ asserts, faults: [joined], rates: never }), [
    "a: after 'join a2' was over it never had its part again",
  ]);
});

test('who drains is given nothing more: soon, too late, or nobody drained', (t) => {
  const drain: FaultRecord = { ...KILL, action: 'drain' };
  const asserts = { drainedMax: 1000 };
  const rates = (until: number): Rates => {
    return (ms) => (ms >= until && ms < 5000 ? [5000, 0, 5000] : [3333, 3333, 3333]);
  };
  t.deepEqual(failuresOf({ asserts, faults: [drain], rates: rates(3800) }), []);
  t.deepEqual(failuresOf({ asserts, faults: [drain], rates: rates(4500) }), [
    'a: a2 was given 1666.5 bytes later than 1.0 s after it drained',
  ]);
  const nobody = ['a: no member drained for longer than 1.0 s'];
  t.deepEqual(failuresOf({ asserts }), nobody);
  t.deepEqual(failuresOf({ asserts, faults: [{ ...drain, toMs: START_MS + 3900 }] }), nobody);
});

test('what is doubled lies between what the members had and what is in doubt beside', (t) => {
  const asserts = { duplicated: 'counted' as const };
  const doubled = (events: number, lane: Partial<DestinationAccount>) =>
    failuresOf({
      asserts,
      lane,
      parts: [400 + events, 200, 400],
      verdict: { duplicated: { events, ranges: [] } },
    });
  t.deepEqual(doubled(10, { had: 10 }), []);
  t.deepEqual(doubled(12, { had: 10, inDoubt: 5 }), []);
  t.deepEqual(doubled(16, { had: 10, inDoubt: 5 }).slice(0, 1), [
    'a: 16 duplicated, but its sender counts 10 to 15',
  ]);
  t.deepEqual(doubled(9, { had: 10 }).slice(0, 1), ['a: 9 duplicated, but its sender counts 10']);
  t.true(
    failuresOf({ verdict: { duplicated: { events: 1, ranges: [] } } }).includes(
      'a: 1 duplicated, expected at most 0',
    ),
  );
});

test('conservation: what the members appended is what was acknowledged, twice had, and at most in doubt', (t) => {
  const open = (parts: readonly number[], lane: Partial<DestinationAccount>) =>
    failuresOf({ parts, lane }).filter((failure) => failure.startsWith('instance1 -> a:')).length;
  t.is(open(PARTS, {}), 0);
  t.is(open([410, 200, 400], { had: 10 }), 0);
  t.is(open([415, 200, 400], { had: 10, inDoubt: 5 }), 0);
  t.is(open([416, 200, 400], { had: 10, inDoubt: 5 }), 1);
  t.is(open([399, 200, 400], {}), 1);
  const fromFiles = failuresOf({ parts: [390, 200, 400], lane: { acknowledged: 990, buffered: 10 } });
  t.true(fromFiles.some((failure) => failure.startsWith('a -> verifier: appended by the members')));
});

test('keys: at one member, moved only by who was away, and in order', (t) => {
  const asserts = { keysStable: true };
  const found = (keys: Partial<KeyFindings>, faults = [KILL]) =>
    failuresOf({
      asserts,
      faults,
      verdict: { keys: { keys: 30, at: { a1: 10, a2: 10, a3: 10 }, disordered: 0, examples: [], ...keys } },
    });
  t.deepEqual(found({}), []);
  t.deepEqual(found({ at: { a1: 10, 'a1+a2': 10, 'a2+a3': 9, a3: 1 } }), []);
  t.deepEqual(found({ at: { a1: 10, 'a1+a2': 10, 'a1+a2+a3': 2, 'a1+a3': 1 } }), [
    'a: keys moved between members that stayed: 2 at a1 and a2 and a3, 1 at a1 and a3',
  ]);
  t.deepEqual(found({ at: { a1: 1, 'a1+a2': 29 } }, []), [
    'a: keys moved between members that stayed: 29 at a1 and a2',
  ]);
  t.deepEqual(found({ disordered: 2, examples: ['a1: event 3 stands behind 4 of the same key k'] }), [
    'a: 2 events stand behind a later one of their key: a1: event 3 stands behind 4 of the same key k',
  ]);
  t.deepEqual(failuresOf({ asserts }), ['a: no key was found in its events']);
});

test('what is asserted of a cluster needs one', (t) => {
  const base = evidence();
  const scenario = {
    ...base.plan.scenario,
    asserts: { ...base.plan.scenario.asserts, spreadMax: 0.1 },
  };
  const { failures } = resultOf({ ...base, plan: { ...base.plan, scenario } });
  t.deepEqual(failures, ['no cluster was verified']);
});
