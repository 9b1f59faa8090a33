// Results as real runs leave them, small and the same every time, for tests of everything that is rendered.

import type { Hop, ProcessFigures, Result } from '../../../bench/result.ts';
import type { DestinationVerdict, RangeList } from '../../../bench/verifier/spec.ts';
import { simulateChain } from './simulated-chain.ts';

export const START_MS = Date.UTC(2025, 4, 6, 10, 0, 0);
export const EVENT_BYTES = 110;

export interface Shape {
  readonly places: readonly string[];
  readonly fanOut: readonly string[];
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** The last place gets nothing during these seconds. */
  readonly outage: readonly [from: number, to: number] | null;
  readonly tool: string;
  readonly processName: (place: string) => string;
}

const CHAIN_OF_THREE: Shape = {
  places: ['instance1', 'instance2', 'instance3'],
  fanOut: ['a', 'b', 'c'],
  seconds: 60,
  eventsPerSecond: 10_000_000 / 60,
  outage: null,
  tool: 'agent',
  processName: (place) => `agent ${place}`,
};

export function passingResult(shape: Partial<Shape> = {}): Result {
  const whole = { ...CHAIN_OF_THREE, ...shape };
  const chain = simulateChain(whole, START_MS, EVENT_BYTES);
  const hops = hopsOf(whole);
  const ends = whole.fanOut.length > 0 ? whole.fanOut : whole.places.slice(-1);
  const sent = Math.round(whole.seconds * whole.eventsPerSecond);
  const destinations = ends.map((name, index) => destination(name, sent, chain, index));
  const processes = processesOf(whole, sent);
  return {
    schema: 'spillway-result/1',
    verdict: 'pass',
    failures: [],
    notes: ['The registry was static: no etcd was found.'],
    scenario: 'throughput',
    description: 'Three instances, the last one fans out to three destinations.',
    tool: whole.tool,
    toolVersion: '0.1.0',
    seed: 7,
    startedAt: new Date(START_MS).toISOString(),
    commit: '04984fbc0ffee1234567890abcdef1234567890a',
    dirty: false,
    durability: 'fsync',
    rate: '10M/min',
    format: 'influx',
    machine: {
      cpu: 'AMD EPYC 7B13',
      cores: 2,
      memoryBytes: 8_327_065_600,
      kernel: 'Linux 6.1.0-18-amd64',
      node: 'v24.21.0',
      filesystem: 'ext4',
      stealPercent: 0.3,
    },
    window: { startMs: START_MS, sentMs: START_MS + whole.seconds * 1000, endMs: chain.endMs },
    sent,
    sentBytes: sent * EVENT_BYTES,
    eventBytes: EVENT_BYTES,
    offeredPerMinute: Math.round(whole.eventsPerSecond * 60),
    ratePerMinute: (sent / (chain.endMs - START_MS)) * 60_000,
    mbPerSecond: (sent * EVENT_BYTES) / (chain.endMs - START_MS) / 1000,
    hops,
    destinations,
    latencyMs: { p50: 21, p99: 88, p999: 141, max: chain.latencyMaxMs },
    processes,
    cpuSecondsPerMillion: 3.78,
    cpuCores: 0.63,
    rssBytesMax: 131_000_000,
    rigCpuCores: 0.41,
    conservation: { state: 'closed', equations: equationsOf(whole, sent) },
    probes: { syncWrite: { mbPerSecond: 241 }, socatCopy: null },
    generator: { lagMsMax: 18, lagMsP99: 4, lateEvents: 0, heldMs: 0, expiredBytes: 0 },
    events: [],
    series: chain.series(processes),
    configuration: [
      { file: 'scenario.yaml', text: 'name: throughput\nrate: 10M/min\nduration: 60s\n' },
      {
        file: 'instance1/conf/agent.yaml',
        text: 'id: instance1\nlog:\n  dir: buffer\n  durability: fsync\n',
      },
    ],
  };
}

/** One destination lost two ranges, got some lines twice, and has torn and foreign lines. */
export function losingResult(shape: Partial<Shape> = {}): Result {
  const whole = passingResult(shape);
  const [first, ...others] = whole.destinations;
  if (first === undefined) throw new Error('a result needs a destination');
  const damaged: DestinationVerdict = {
    ...first,
    delivered: first.expected - 13_512,
    lost: ranges([
      [4_000_123, 4_013_400],
      [7_100_000, 7_100_233],
    ]),
    duplicated: ranges([[4_013_401, 4_015_000]]),
    reordered: ranges([[4_013_401, 4_013_500]]),
    torn: 3,
    tornExamples: [
      {
        file: 'events-000012.log',
        offset: 41_203_988,
        text: 'cpu,host=web-0113,region=eu-central-1 usage_us',
      },
      {
        file: 'events-000012.log',
        offset: 41_204_034,
        text: 'er=12.5 1746525612cpu,host=web-0114 usage_user=3',
      },
    ],
    foreign: 1,
    foreignExamples: [{ file: 'events-000001.log', offset: 0, text: 'logrotate: renamed by cron' }],
  };
  return {
    ...whole,
    verdict: 'fail',
    dirty: true,
    failures: [
      `destination ${first.name} lost 13,512 events (0.14 % of 10,000,000): sequences 4,000,123 to 4,013,400 and 1 more range`,
      `destination ${first.name} got 1,600 events twice`,
      `conservation does not hold at instance3, destination ${first.name}: 13,512 events are in no counter`,
    ],
    destinations: [damaged, ...others],
    conservation: {
      state: 'open',
      equations: whole.conservation.equations.map((equation) =>
        equation.where.endsWith(`-> ${first.name}`)
          ? { ...equation, right: equation.right - 13_512, holds: false }
          : equation,
      ),
    },
    events: [
      { timeMs: START_MS + 24_000, text: `kill -9 of the agent that feeds ${first.name}` },
      { timeMs: START_MS + 24_600, text: 'agent started again' },
      { timeMs: START_MS + 42_000, text: 'etcd stopped' },
    ],
  };
}

/** The last instance is away for 20 s; nothing is lost, and it catches up. */
export function outageResult(): Result {
  const result = passingResult({ fanOut: [], seconds: 60, outage: [25, 45] });
  return {
    ...result,
    scenario: 'outage',
    description: 'The last sink goes away for 20 s while the load goes on.',
    events: [
      { timeMs: START_MS + 25_000, text: 'fault: instance3 stopped (SIGSTOP)' },
      { timeMs: START_MS + 45_000, text: 'fault undone: instance3 runs again' },
      { timeMs: START_MS + 45_400, text: 'first byte after the outage arrived' },
    ],
  };
}

/** Seven machines with cloud names, two processes on each, no sync. */
export function longNamesResult(): Result {
  const places = Array.from({ length: 7 }, (_, n) => `ip-10-0-12-${101 + n}.eu-central-1.compute.internal`);
  const result = passingResult({
    places,
    fanOut: ['warehouse-primary-eu-central-1', 'warehouse-standby'],
    tool: 'rsyslog',
    processName: (place) => `rsyslogd ${place}`,
  });
  return {
    ...result,
    toolVersion: '8.2302.0',
    durability: 'os',
    rate: 'flood',
    offeredPerMinute: null,
    probes: { syncWrite: null, socatCopy: { mbPerSecond: 1830 } },
    conservation: { state: 'unknown', equations: [] },
  };
}

export function ranges(list: readonly (readonly [number, number])[]): RangeList {
  return {
    events: list.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    ranges: list.map(([first, last]) => ({ runner: 1, epoch: 1, first, last })),
  };
}

function hopsOf({ places, fanOut, tool }: Shape): readonly Hop[] {
  const hop = (from: string, to: string): Hop => ({ name: `${from} -> ${to}`, tool, from, to });
  const line = places.slice(1).map((to, index) => hop(places[index] ?? '', to));
  return [...line, ...fanOut.map((to) => hop(places.at(-1) ?? '', to))];
}

function destination(
  name: string,
  expected: number,
  chain: ReturnType<typeof simulateChain>,
  index: number,
): DestinationVerdict {
  const none = ranges([]);
  return {
    name,
    expected,
    delivered: expected,
    deliveredBytes: expected * EVENT_BYTES,
    lost: none,
    duplicated: none,
    reordered: none,
    torn: 0,
    tornExamples: [],
    foreign: 0,
    foreignExamples: [],
    files: 17,
    bytes: expected * EVENT_BYTES,
    firstArrivalMs: START_MS + 12,
    lastArrivalMs: chain.endMs - index * 3,
    latencyMs: {
      p50: 20 + index,
      p90: 40,
      p99: 80 + index * 4,
      p999: 141,
      max: chain.latencyMaxMs,
      count: expected,
      resolutionMs: 2.1,
    },
    latencySeries: chain.latencySeries(index),
  };
}

function processesOf(shape: Shape, sent: number): readonly ProcessFigures[] {
  const tool = [...shape.places, ...shape.fanOut].map((place, index) => ({
    name: shape.processName(place),
    group: 'tool' as const,
    cpuSeconds: 6.1 + index * 0.4,
    cpuCores: 0.1 + index * 0.0065,
    rssBytesMax: 131_000_000 - index * 5_200_000,
    writtenBytes: Math.round(sent * EVENT_BYTES * 1.02),
  }));
  const rig = ['generator', 'observer', 'etcd'].map((name, index) => ({
    name,
    group: 'rig' as const,
    cpuSeconds: 12 - index * 5,
    cpuCores: 0.2 - index * 0.08,
    rssBytesMax: 92_000_000 - index * 20_000_000,
    writtenBytes: index === 0 ? sent * EVENT_BYTES : 1_000_000,
  }));
  return [...tool, ...rig];
}

function equationsOf(shape: Shape, sent: number): Result['conservation']['equations'] {
  const source = shape.places.map((place) => ({
    where: place,
    text: 'read = appended + suppressed + quarantined + refused + held',
    left: sent,
    right: sent,
    holds: true,
  }));
  const links = hopsOf(shape).map(({ name }) => ({
    where: name,
    text: 'appended = acknowledged + buffered + dropped + skipped',
    left: sent,
    right: sent,
    holds: true,
  }));
  return [...source, ...links];
}
