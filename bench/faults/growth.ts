// Does anything grow that should not, over a long load? Medians of its second and its last quarter are compared, so
// that neither the start nor a single fault counts. A process that is started again begins anew: what leaks shows in
// one that lived through the load, and there must be one.

import type { Result } from '../result.ts';
import type { Evidence } from '../run/evidence.ts';
import type { WatchedNode } from './record.ts';

type Window = Result['window'];
type Part = Exclude<keyof WatchedNode, 'account'>;

export function growthFailures(evidence: Evidence, window: Window): string[] {
  const { rssGrowthMax, descriptorGrowthMax, diskGrowthMax } = evidence.plan.scenario.asserts;
  const limits = [
    { part: 'rssBytes', what: 'memory', unit: ' bytes', most: rssGrowthMax },
    { part: 'descriptors', what: 'open descriptors', unit: '', most: descriptorGrowthMax },
    { part: 'logBytes', what: 'its log folder', unit: ' bytes', most: diskGrowthMax },
  ] as const;
  const failures = limits.flatMap(({ part, what, unit, most }) => {
    if (most === undefined) return [];
    return evidence.books.nodes.flatMap(({ id }) => {
      const growth = growthOf(evidence, window, id, part);
      if (growth <= most) return [];
      return [`${id}: ${what} grew by ${growth}${unit}, expected at most ${most}`];
    });
  });
  const ofProcesses = rssGrowthMax !== undefined || descriptorGrowthMax !== undefined;
  if (ofProcesses && evidence.books.nodes.every(({ id }) => wasRestarted(evidence, id))) {
    failures.push('every process was started again during the load: what leaks could not show');
  }
  return failures;
}

function wasRestarted({ faults, killedFromOutside }: Evidence, id: string): boolean {
  const ended = faults.faults.some(({ action, node }) => node === id && ['kill', 'stop'].includes(action));
  // processes are named after their node
  return ended || killedFromOutside.some((name) => name === id || name.startsWith(`${id}/`));
}

/** NaN where nothing was seen, which no limit accepts. */
function growthOf({ faults }: Evidence, { startMs, sentMs }: Window, id: string, part: Part): number {
  const quarter = (sentMs - startMs) / 4;
  const between = (fromMs: number, toMs: number) => {
    const looks = faults.watch.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs);
    return median(looks.map(({ nodes }) => nodes[id]?.[part] ?? null).filter((value) => value !== null));
  };
  return between(sentMs - quarter, sentMs) - between(startMs + quarter, startMs + 2 * quarter);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
