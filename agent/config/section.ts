// A section of the configuration: a mapping with known keys and no others. An unknown key is almost always
// a slip of the finger, so the error names the known key that is nearest to it.

import { z } from 'zod';

/**
 * The error of unknown keys holds one line per key, in the order of `issue.keys`, each line an expectation;
 * problems.ts gives each key its own place.
 */
export function section<S extends z.core.$ZodLooseShape>(shape: S) {
  const known = Object.keys(shape);
  return z
    .strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => suggest(key, known)).join('\n')
          : undefined,
    })
    .readonly();
}

/** `did you mean capBytes?`, or every known key where none is near. */
export function suggest(unknown: string, known: readonly string[]): string {
  const ranked = known
    .map((key) => ({ key, distance: editDistance(unknown.toLowerCase(), key.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const nearest = ranked[0];
  const near = nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(unknown.length / 3));
  return near ? `did you mean ${nearest.key}?` : `expected one of ${known.join(', ')}`;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substituted));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
