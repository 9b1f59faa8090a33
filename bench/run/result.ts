// The result of a run, computed from its evidence.

import { BENCH } from '../chain/chain-record.ts';
import { faultNotes } from '../faults/judge.ts';
import type { Result } from '../result.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';
import { failedAt } from './arrived.ts';
import { conservationOf } from './conservation.ts';
import { counterNotes } from './counters.ts';
import type { Evidence } from './evidence.ts';
import { processFigures, seriesOf, stealPercent } from './series.ts';
import { judge } from './verdict.ts';

export function resultOf(evidence: Evidence): Result {
  const { plan, manifest, samples, destinations } = evidence;
  const { scenario, pace } = plan;
  const [sent, sentBytes] = [manifest?.events ?? 0, manifest?.bytes ?? 0];
  const window = windowOf(evidence);
  const seconds = Math.max(0.001, (window.endMs - window.startMs) / 1000);
  const arrived = destinations.length === 0 ? 0 : Math.min(...destinations.map(({ delivered }) => delivered));
  const eventBytes = sent === 0 ? 0 : sentBytes / sent;
  const ratePerMinute = (arrived / seconds) * 60;
  const started = evidence.processes.map(({ name, group }) => [name, group] as const);
  const groups = new Map([...started, [BENCH, 'rig'] as const]);
  const groupOf = (name: string) => groups.get(name) ?? 'tool';
  const processes = processFigures(samples, window.startMs, window.endMs, groupOf);
  const ofTool = processes.filter(({ group }) => group === 'tool');
  const sum = (list: typeof processes, part: 'cpuSeconds' | 'cpuCores') => {
    return list.reduce((total, figures) => total + figures[part], 0);
  };
  const figures = {
    window,
    ratePerMinute,
    latencyMs: pace.kind === 'flood' ? null : slowest(destinations),
    conservation: conservationOf(evidence.books),
  };
  return {
    schema: 'spillway-result/1',
    ...judge(evidence, figures),
    failedAt: failedAt(evidence, window),
    notes: [...evidence.notes, ...counterNotes(evidence), ...faultNotes(evidence, window)],
    scenario: scenario.name,
    description: scenario.description,
    tool: plan.tool.name,
    toolVersion: plan.found.version,
    seed: scenario.seed,
    startedAt: evidence.startedAt,
    commit: evidence.commit,
    dirty: evidence.dirty,
    durability: scenario.durability,
    rate: plan.rate.text,
    format: plan.content.kind === 'replay-raw' ? 'raw' : plan.content.format,
    machine: { ...evidence.machine, stealPercent: stealPercent(samples, evidence.machine.cores) },
    ...figures,
    sent,
    sentBytes,
    eventBytes: Math.round(eventBytes * 10) / 10,
    offeredPerMinute: pace.kind === 'schedule' ? pace.eventsPerSecond * 60 : null,
    mbPerSecond: (arrived * eventBytes) / seconds / 1e6,
    hops: evidence.hops,
    destinations,
    processes,
    cpuSecondsPerMillion: sent === 0 ? 0 : sum(ofTool, 'cpuSeconds') / (sent / 1e6),
    cpuCores: sum(ofTool, 'cpuCores'),
    rssBytesMax: Math.max(0, ...ofTool.map(({ rssBytesMax }) => rssBytesMax)),
    rigCpuCores: sum(
      processes.filter(({ group }) => group === 'rig'),
      'cpuCores',
    ),
    probes: evidence.probes,
    generator: {
      lagMsMax: manifest?.lagMs.max ?? 0,
      lagMsP99: manifest?.lagMs.p99 ?? 0,
      lateEvents: manifest?.lateEvents ?? 0,
      heldMs: manifest?.heldMs ?? 0,
      expiredBytes: manifest?.expired.reduce((total, { bytes }) => total + bytes, 0) ?? 0,
    },
    events: evidence.events,
    series: seriesOf(
      samples,
      (evidence.books.clusters ?? []).flatMap(({ members }) => members),
    ),
    configuration: evidence.configuration,
  };
}

/** First event due (of a flood: the first sender's start), last one written, last arrival anywhere. */
function windowOf(evidence: Evidence): Result['window'] {
  const { manifest, floodStartMs, samples, destinations } = evidence;
  const startMs = floodStartMs ?? manifest?.startMs ?? Date.parse(evidence.startedAt);
  const lastSample = samples.at(-1)?.timeMs ?? startMs;
  const arrivals = destinations.map(({ lastArrivalMs }) => lastArrivalMs ?? lastSample);
  const sentMs = floodStartMs ?? evidence.sentMs ?? lastSample;
  return { startMs, sentMs, endMs: Math.max(startMs, sentMs, ...arrivals) };
}

/** The percentiles of the destination with the highest p99: the chain is as slow as its slowest copy. */
function slowest(destinations: readonly DestinationVerdict[]): Result['latencyMs'] {
  const known = destinations.map(({ latencyMs }) => latencyMs).filter((figures) => figures !== null);
  const worst = known.toSorted((a, b) => b.p99 - a.p99)[0];
  if (worst === undefined) return null;
  const { p50, p99, p999, max, clockBoundMs } = worst;
  return { p50, p99, p999, max, ...(clockBoundMs !== undefined && { clockBoundMs }) };
}
