// Two scorecards or more, side by side: what changed since the first, figure by figure, where repeated runs can show
// it. With single runs only promises are judged.

import type { Scorecard, ScorecardCell } from '../../compare/scorecard.ts';
import { differ, visibleShare } from '../../compare/statistics.ts';
import { formatPercent } from '../format.ts';
import { columns } from '../terminal.ts';
import { cellAt, cellText, type Line, linesOf } from './lines.ts';

export interface ScorecardComparison {
  readonly text: string;
  /** Cells of a later card that are worse than those of the first, or that it has no more. */
  readonly worse: number;
}

const MISSING = 'missing';

export function compareScorecards(cards: readonly Scorecard[]): ScorecardComparison {
  const [first, ...others] = cards;
  if (first === undefined) return { text: 'nothing to compare: no scorecards were given\n', worse: 0 };
  const rows = linesOf(first).flatMap((line) =>
    first.columns.map(({ id }) => ({ line, id, cell: cellAt(first, line.row.name, id) })),
  );
  let worse = 0;
  const table = rows.flatMap(({ line, id, cell }) => {
    if (cell === null) return [];
    const judged = others.map((other) => {
      const peer = cellAt(other, line.row.name, id);
      const said = peer === null ? MISSING : judge(line, cell, peer, isSameMachine(first, other));
      if (said.startsWith('worse') || said === MISSING) worse += 1;
      if (peer === null) return said;
      return `${cellText(line, peer).main}  ${said}`.trimEnd();
    });
    return [[`${line.title}, ${id}`, cellText(line, cell).main, ...judged]];
  });
  const head = [
    '',
    ...cards.map(({ commit, mode }, index) => `card ${index + 1} (${commit.slice(0, 10)}, ${mode})`),
  ];
  const warnings = others.flatMap((other, index) =>
    unfair(first, other).map((text) => `warning: card ${index + 2} and card 1 ${text}`),
  );
  const lines = [
    ...columns([head, ...table], 'left', '   '),
    ...(warnings.length > 0 ? ['', ...warnings] : []),
  ];
  return { text: `${lines.join('\n')}\n`, worse };
}

/** On another machine only promises can be compared. */
function isSameMachine(first: Scorecard, other: Scorecard): boolean {
  return machineOf(first) === machineOf(other);
}

function machineOf({ machine }: Scorecard): string {
  return machine === null ? '' : `${machine.cpu}, ${machine.cores} cores, ${machine.filesystem}`;
}

/** What makes the comparison unfair, each a predicate of both cards. */
function unfair(first: Scorecard, other: Scorecard): readonly string[] {
  const texts: string[] = [];
  const compare = (name: string, value: (card: Scorecard) => string): void => {
    if (value(first) !== value(other)) texts.push(`differ in ${name}: ${value(other)} and ${value(first)}`);
  };
  compare('machine (only promises are judged)', machineOf);
  compare('mode', ({ mode }) => mode);
  for (const { id, version } of first.columns) {
    const peer = other.columns.find((column) => column.id === id);
    if (peer !== undefined && peer.version !== version)
      texts.push(
        `differ in the version of ${id}: ${peer.version ?? 'not here'} and ${version ?? 'not here'}`,
      );
  }
  const common = ({ rows }: Scorecard) => rows.find(({ kind }) => kind === 'common')?.offered ?? 'none';
  compare('the common rate (cost and latency do not compare)', common);
  if (!first.complete || !other.complete) texts.push('are not both complete');
  return texts;
}

/** `better`, `worse`, or what else can be said; the smallest change that would have shown where none does. */
function judge(line: Line, before: ScorecardCell, after: ScorecardCell, isSame: boolean): string {
  const states = [before.state, after.state];
  if (before.state !== after.state) {
    if (states.every((state) => state === 'pass' || state === 'fail')) {
      return after.state === 'pass' ? 'better' : 'worse';
    }
    return before.state === 'pass' && after.state !== 'n/a' ? MISSING : 'cannot be compared';
  }
  if (line.figure === null) return damageChange(before, after);
  if (!isSame) return 'another machine: not judged';
  const [old, now] = [before.figures[line.figure], after.figures[line.figure]];
  if (old === undefined || now === undefined) return '';
  const shows = differ(old, now);
  if (shows === null) return 'single runs: not judged';
  if (!shows) {
    const share = visibleShare(old, now);
    const least = share === null ? '' : ` (${formatPercent(share * 100)} would have shown)`;
    return `no difference that could be seen${least}`;
  }
  return now.median > old.median === (line.better === 'higher') ? 'better' : 'worse';
}

/** Both failed, or both passed with what the row allows: more events lost is worse all the same. */
function damageChange(before: ScorecardCell, after: ScorecardCell): string {
  const of = ({ figures }: ScorecardCell): number => figures.lost?.high ?? 0;
  if (of(before) === of(after)) return '';
  return of(after) > of(before) ? 'worse' : 'better';
}
