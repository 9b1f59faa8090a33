// Does anything grow that should not, over a long load? Medians of its second and its last quarter are compared, so
// that neither the start nor a single fault counts.

import type { Result } from '../result.ts';
import type { Evidence } from '../run/evidence.ts';

type Window = Result['window'];

export function growthFailures(evidence: Evidence, window: Window): string[] {
  const { rssGrowthMax, descriptorGrowthMax } = evidence.plan.scenario.asserts;
  return evidence.books.nodes.flatMap(({ id }) => {
    const growth = (part: 'rssBytes' | 'descriptors') => growthOf(evidence, window, id, part);
    const failures: string[] = [];
    const [rss, descriptors] = [growth('rssBytes'), growth('descriptors')];
    if (rssGrowthMax !== undefined && !(rss <= rssGrowthMax)) {
      failures.push(`${id}: memory grew by ${rss} bytes, expected at most ${rssGrowthMax}`);
    }
    if (descriptorGrowthMax !== undefined && !(descriptors <= descriptorGrowthMax)) {
      failures.push(
        `${id}: open descriptors grew by ${descriptors}, expected at most ${descriptorGrowthMax}`,
      );
    }
    return failures;
  });
}

/** NaN where nothing was seen, which no limit accepts. */
function growthOf(
  { faults }: Evidence,
  { startMs, sentMs }: Window,
  id: string,
  part: 'rssBytes' | 'descriptors',
): number {
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
