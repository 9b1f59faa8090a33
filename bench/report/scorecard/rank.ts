// What may be said of one column against the others of its durability class: nothing across classes, nothing of a rate at
// which events were lost, nothing from single runs but how much apart they are, and no difference where intervals meet.

import type { FigureName, Scorecard, ScorecardCell } from '../../compare/scorecard.ts';
import { differ, type Summary, visibleShare } from '../../compare/statistics.ts';
import { formatPercent } from '../format.ts';
import { cellAt, type Line } from './lines.ts';

/** Single runs that are closer than this are not told apart: two of one tool may be. */
const SINGLE_RUN_FACTOR = 1.25;

export interface Rank {
  readonly text: string;
  readonly isBest: boolean;
}

/** null: nothing may be said, or there is nobody to compare with. */
export function rankOf(card: Scorecard, line: Line, cell: ScorecardCell): Rank | null {
  const { figure, better } = line;
  if (figure === null || isLimit(card, cell)) return null;
  const mine = rankable(cell, figure);
  if (mine === null) return null;
  const peers = peersOf(card, line, cell).flatMap((peer) => rankable(peer, figure) ?? []);
  if (peers.length === 0) return null;
  const isBetter = (a: Summary, b: Summary): boolean => a.median > b.median === (better === 'higher');
  const best = peers.reduce((a, b) => (isBetter(a, b) ? a : b));
  const isBest = best.median === mine.median || isBetter(mine, best);
  if ([mine, ...peers].some(({ runs }) => runs < 2)) return single(mine, best, isBest);
  const ahead = peers.filter((peer) => differ(peer, mine) === true && isBetter(peer, mine)).length;
  const tied = peers.filter((peer) => differ(peer, mine) === false);
  const of = `${ordinal(ahead + 1)}${tied.length > 0 ? '=' : ''} of ${peers.length + 1}`;
  if (tied.length === 0 && isBest) return { text: `best of ${peers.length + 1}`, isBest };
  const isAmongBest = isBest || differ(best, mine) === false;
  if (isAmongBest) return { text: `${of} (${unseen(mine, tied)})`, isBest: true };
  return { text: `${of}, ${ratio(mine, best)} of the best`, isBest: false };
}

/** One run each: a hint at most. */
function single(mine: Summary, best: Summary, isBest: boolean): Rank | null {
  const [low, high] = [mine.median, best.median].sort((a, b) => a - b);
  if (low === undefined || high === undefined || low <= 0 || high / low < SINGLE_RUN_FACTOR) return null;
  return isBest
    ? { text: 'best seen', isBest: true }
    : { text: `about ${ratio(mine, best)} of the best seen`, isBest: false };
}

function ratio(mine: Summary, best: Summary): string {
  if (best.median === 0) return 'more than the 0';
  return `${Number((mine.median / best.median).toPrecision(2))}x`;
}

/** How large a difference would have had to be to be seen. */
function unseen(mine: Summary, tied: readonly Summary[]): string {
  const least = Math.max(0, ...tied.map((other) => visibleShare(mine, other) ?? 0));
  return formatPercent(least * 100);
}

function ordinal(place: number): string {
  return `${place}${['', 'st', 'nd', 'rd'][place] ?? 'th'}`;
}

function peersOf(card: Scorecard, line: Line, cell: ScorecardCell): readonly ScorecardCell[] {
  return card.columns
    .filter((column) => column.id !== cell.column && !column.isLimit)
    .filter(({ acknowledgedAfter }) => acknowledgedAfter === classOf(card, cell))
    .flatMap(({ id }) => cellAt(card, line.row.name, id) ?? []);
}

function isLimit({ columns }: Scorecard, { column }: ScorecardCell): boolean {
  return columns.some(({ id, isLimit: is }) => id === column && is);
}

function classOf({ columns }: Scorecard, { column }: ScorecardCell): string {
  return columns.find(({ id }) => id === column)?.acknowledgedAfter ?? '';
}

/** A rate that lost events is no rate. */
function rankable({ state, figures }: ScorecardCell, figure: FigureName): Summary | null {
  return state === 'pass' ? (figures[figure] ?? null) : null;
}
