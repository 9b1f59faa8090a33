// The evidence of a faultless run of one hop by the agent, for tests to spoil one thing at a time.

import { NO_FAULTS } from '../../../bench/faults/record.ts';
import type { Manifest } from '../../../bench/generator/spec.ts';
import type { Sample } from '../../../bench/observer/spec.ts';
import type { Evidence } from '../../../bench/run/evidence.ts';
import { withOverrides } from '../../../bench/run/plan.ts';
import { scenarioSchema } from '../../../bench/scenario.ts';
import { parseYaml } from '../../../bench/scenario-yaml.ts';
import { agent } from '../../../bench/tools/agent/agent.ts';
import type { DestinationAccount, NodeAccount, SourceAccount } from '../../../bench/tools/tool.ts';
import type { DestinationVerdict } from '../../../bench/verifier/spec.ts';

export const EVENTS = 1000;
export const START_MS = 1_800_000_000_000;
const SCENARIO = `
name: small
description: one hop
chain: { instances: 1, fanOut: 1 }
generator: { rate: 6k/min, duration: 10s }
asserts: { latencyP99Max: 500ms, drainMax: 2s }
`;

export const manifest: Manifest = {
  version: 1,
  final: true,
  runner: 1,
  epoch: 1,
  seed: 1,
  content: { kind: 'synthetic', format: 'influx' },
  pace: { kind: 'schedule', eventsPerSecond: 100 },
  startMs: START_MS,
  events: EVENTS,
  bytes: EVENTS * 100,
  crc32: 0,
  scheduleLagMsMax: 500,
  lagMs: { max: 3, p99: 1 },
  lateEvents: 0,
  heldMs: 0,
  expired: [],
  inputs: [],
};

const NONE = { events: 0, ranges: [] };
export const verdictOfA: DestinationVerdict = {
  name: 'a',
  expected: EVENTS,
  delivered: EVENTS,
  deliveredBytes: EVENTS * 100,
  lost: NONE,
  duplicated: NONE,
  reordered: NONE,
  torn: 0,
  tornExamples: [],
  foreign: 0,
  foreignExamples: [],
  files: 1,
  bytes: EVENTS * 100,
  firstArrivalMs: START_MS + 5,
  lastArrivalMs: START_MS + 10_020,
  latencyMs: { p50: 10, p90: 15, p99: 20, p999: 25, max: 30, count: EVENTS, resolutionMs: 5, clamped: 0 },
  latencySeries: [],
};

export function sourceAccount(changes: Partial<SourceAccount> = {}): SourceAccount {
  const nothing = { suppressed: 0, quarantined: 0, refused: 0, held: 0 };
  return { name: 'events', read: EVENTS, appended: EVENTS, ...nothing, ...changes };
}
export function destinationAccount(changes: Partial<DestinationAccount> = {}): DestinationAccount {
  const nothing = { buffered: 0, dropped: 0, skipped: 0 };
  return { name: 'a', appended: EVENTS, acknowledged: EVENTS, ...nothing, ...changes };
}
export const senderAccount: NodeAccount = {
  sources: [sourceAccount()],
  logAppended: EVENTS,
  destinations: [destinationAccount()],
};
export const receiverAccount: NodeAccount = {
  sources: [sourceAccount({ name: 'hop' })],
  logAppended: EVENTS,
  destinations: [],
  skippedByPeers: 0,
};

/** Two processes, a sample a second: everything goes through at 10,000 bytes a second. */
export function samples(): Sample[] {
  return Array.from({ length: 12 }, (_, second) => {
    const bytes = Math.min(second, 10) * 10_000;
    const process = { cpuSeconds: second * 0.1, rssBytes: 50e6, writtenBytes: bytes, readBytes: 0 };
    const directory = { totalBytes: bytes, presentBytes: bytes, files: 1 };
    return {
      timeMs: START_MS + second * 1000,
      processes: { instance1: process, generator: process },
      directories: { source: directory, a: directory },
      machine: { busySeconds: second, stealSeconds: 0, ioWaitSeconds: 0 },
    };
  });
}

export function evidence(changes: Partial<Evidence> = {}): Evidence {
  const parsed = parseYaml('small.yaml', SCENARIO, scenarioSchema);
  const file = { file: 'small.yaml', text: SCENARIO, scenario: parsed };
  const { rate } = parsed.generator;
  return {
    plan: {
      file,
      scenario: withOverrides(file, {}),
      rate,
      tool: agent,
      found: { found: true, version: '1', binary: '', env: {} },
      content: { kind: 'synthetic', format: 'influx' },
      pace: manifest.pace,
      events: EVENTS,
      faults: [],
      bytesEstimate: EVENTS * 130,
      elsewhere: undefined,
    },
    startedAt: new Date(START_MS).toISOString(),
    machine: { cpu: 'x', cores: 2, memoryBytes: 1, kernel: '6', node: 'v24', filesystem: 'ext4' },
    commit: 'abc',
    dirty: false,
    hops: [{ name: 'instance1 -> a', tool: 'agent', from: 'instance1', to: 'a' }],
    manifest,
    sentMs: START_MS + 10_000,
    floodStartMs: null,
    drained: true,
    samples: samples(),
    processes: [
      { name: 'instance1', group: 'tool' },
      { name: 'generator', group: 'rig' },
    ],
    destinations: [verdictOfA],
    books: {
      keepsAccounts: true,
      manifests: [manifest],
      nodes: [
        { id: 'instance1', from: null, to: ['a'], account: senderAccount, verdict: null },
        { id: 'a', from: 'instance1', to: [], account: receiverAccount, verdict: verdictOfA },
      ],
    },
    probes: { syncWrite: null, socatCopy: null },
    events: [],
    faults: NO_FAULTS,
    misbehaved: [],
    invalid: [],
    notes: [],
    killedFromOutside: [],
    oomKills: 0,
    configuration: [],
    ...changes,
  };
}
