// A verdict in plain text, for the terminal.

import type { DestinationVerdict, Evidence, RangeList } from './spec.ts';

const RANGES_SHOWN = 5;
const count = (value: number): string => value.toLocaleString('en-US');

/** Everything that was sent arrived once, in order, and nothing else did. */
export function isClean({ lost, duplicated, reordered, torn, foreign }: DestinationVerdict): boolean {
  return lost.events + duplicated.events + reordered.events + torn + foreign === 0;
}

export function summary(verdict: DestinationVerdict): string {
  const { expected, delivered, bytes, files, lost, duplicated, reordered, torn, foreign } = verdict;
  const lines = [
    `${count(bytes)} bytes in ${count(files)} files, ${count(expected)} events expected`,
    `  delivered   ${count(delivered)}`,
    `  lost        ${ranges(lost)}`,
    `  duplicated  ${ranges(duplicated)}`,
    `  reordered   ${ranges(reordered)}`,
    `  torn        ${count(torn)}${evidence(verdict.tornExamples)}`,
    `  foreign     ${count(foreign)}${evidence(verdict.foreignExamples)}`,
    isClean(verdict)
      ? 'ok: every event arrived once, intact and in order'
      : 'not ok: what was sent is not what arrived',
  ];
  return `${lines.join('\n')}\n`;
}

function ranges(list: RangeList): string {
  if (list.events === 0) return '0';
  const shown = list.ranges.slice(0, RANGES_SHOWN).map(({ runner, epoch, first, last }) => {
    const events = first === last ? `${first}` : `${first}-${last}`;
    return `\n                runner ${runner}, epoch ${epoch}: ${events}`;
  });
  if (list.ranges.length > RANGES_SHOWN) shown.push('\n                ...');
  return count(list.events) + shown.join('');
}

const evidence = (examples: readonly Evidence[]): string =>
  examples
    .slice(0, RANGES_SHOWN)
    .map(({ file, offset, text }) => `\n                ${file} at byte ${offset}: ${text}`)
    .join('');
