// A rule of a configuration that is broken, and at which key.

import type { KeyPath, Problem } from './document.ts';

export function when(broken: boolean, path: KeyPath, text: string): Problem[] {
  return broken ? [problem(path, text)] : [];
}

export function problem(path: KeyPath, text: string): Problem {
  return { path, at: 'value', text };
}

/** What stands in a list for the second time. */
export function repeated(
  items: readonly string[],
  report: (index: number, first: number) => Problem,
): Problem[] {
  return items.flatMap((item, index) => {
    const first = items.indexOf(item);
    return first < index ? [report(index, first)] : [];
  });
}
