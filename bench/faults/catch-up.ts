// How fast destinations catch up, one against another in the same run: the throughput of a link under load. Each was
// away for a while and then gets its backlog as fast as it can, while the others get what is sent. Pure.

import type { Evidence } from '../run/evidence.ts';
import { backlogAt } from '../run/series.ts';

/** A backlog that is gone sooner measures the start of a process and not a link. */
const SPAN_MS_MIN = 1000;

export function catchUpFailures(evidence: Evidence): string[] {
  const wanted = evidence.plan.scenario.asserts.catchUp;
  if (wanted === undefined) return [];
  const { against, destinations, shareMin } = wanted;
  const measure = catchUpRate(evidence, against);
  if (measure === null)
    return [`${against}: no backlog was seen to shrink, so nothing can be held against it`];
  return destinations.flatMap((name) => {
    const rate = catchUpRate(evidence, name);
    if (rate === null) return [`${name}: no backlog was seen to shrink, expected a throughput`];
    if (rate >= shareMin * measure) return [];
    const percent = Math.round(shareMin * 100);
    return [
      `${name} catches up at ${mb(rate)}, ${against} at ${mb(measure)}, expected at least ${percent} %`,
    ];
  });
}

export function catchUpNotes(evidence: Evidence): string[] {
  const wanted = evidence.plan.scenario.asserts.catchUp;
  if (wanted === undefined) return [];
  const measure = catchUpRate(evidence, wanted.against);
  return [wanted.against, ...wanted.destinations].flatMap((name) => {
    const rate = catchUpRate(evidence, name);
    if (rate === null) return [];
    const share = measure === null ? '' : `, ${Math.round((100 * rate) / measure)} % of ${wanted.against}`;
    return [`${name} caught up at ${mb(rate)}${share}`];
  });
}

/**
 * Bytes a second from when the destination first grew after its (last) fault until it was less than a second of load
 * behind, or the next fault, or the end of what was seen; null: it was not seen to catch up for long enough.
 */
export function catchUpRate({ faults, samples, manifest }: Evidence, name: string): number | null {
  if (manifest === null || manifest.pace.kind !== 'schedule') return null;
  const own = faults.faults.filter(({ node, toMs }) => node === name && toMs !== null);
  const backMs = own.at(-1)?.toMs;
  if (backMs === undefined || backMs === null) return null;
  const nextMs = Math.min(
    ...faults.faults.map(({ fromMs }) => fromMs).filter((fromMs) => fromMs > backMs),
    Number.POSITIVE_INFINITY,
  );
  const secondBytes = (manifest.bytes / Math.max(1, manifest.events)) * manifest.pace.eventsPerSecond;
  const after = samples.filter(({ timeMs }) => timeMs >= backMs && timeMs < nextMs);
  const bytesAt = (index: number) => after[index]?.directories[name]?.totalBytes ?? 0;
  const first = after.findIndex((_, index) => bytesAt(index) > bytesAt(0));
  if (first === -1) return null;
  const level = after.findIndex((sample, index) => {
    return index > first && (backlogAt(sample, name) ?? Number.POSITIVE_INFINITY) <= secondBytes;
  });
  const last = level === -1 ? after.length - 1 : level;
  const ms = (after[last]?.timeMs ?? 0) - (after[first]?.timeMs ?? 0);
  return ms < SPAN_MS_MIN ? null : ((bytesAt(last) - bytesAt(first)) * 1000) / ms;
}

function mb(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
}
