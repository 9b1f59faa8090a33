// What became of the events of an outage's first and last second, at a destination.

import type { Manifest } from '../generator/spec.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';
import type { FaultRecord } from './record.ts';

const SECOND_MS = 1000;
/** What a policy drops is dropped by whole batches and segments: nearly all of a second counts as lost. */
const LOST_SHARE = 0.9;

export interface SecondFate {
  readonly which: 'first' | 'last';
  readonly expected: number;
  readonly lost: number;
  readonly fate: 'present' | 'lost' | 'partly lost' | 'unknown';
}

/** null: the outage had no second within the load, or the load has no schedule. */
export function fateOf(
  which: 'first' | 'last',
  { fromMs, toMs }: FaultRecord,
  manifest: Manifest,
  { lost }: DestinationVerdict,
): SecondFate | null {
  if (manifest.pace.kind !== 'schedule' || toMs === null) return null;
  const { eventsPerSecond } = manifest.pace;
  const beginMs = which === 'first' ? fromMs : toMs - SECOND_MS;
  const at = (ms: number) => Math.round(((ms - manifest.startMs) / SECOND_MS) * eventsPerSecond);
  const [first, last] = [Math.max(0, at(beginMs)), Math.min(manifest.events, at(beginMs + SECOND_MS)) - 1];
  const expected = last - first + 1;
  if (expected <= 0) return null;
  const listed = lost.ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0);
  const within = lost.ranges.reduce((sum, range) => {
    return sum + Math.max(0, Math.min(last, range.last) - Math.max(first, range.first) + 1);
  }, 0);
  if (within === 0 && listed < lost.events) return { which, expected, lost: within, fate: 'unknown' };
  const fate = within === 0 ? 'present' : within >= LOST_SHARE * expected ? 'lost' : 'partly lost';
  return { which, expected, lost: within, fate };
}
