// In which order the cells of a comparison are run. Rates come first, since the later rows need them; within a stage
// the repetitions are interleaved and each is shuffled from the seed, so that a slow hour of the machine does not fall
// on one tool.

import { seededRandom } from '../generator/random.ts';
import { type Column, missingClaims } from './columns.ts';
import type { Claim, Comparison, ComparisonRow } from './comparison-file.ts';

export type Mode = 'quick' | 'full';

export interface Cell {
  readonly row: ComparisonRow;
  readonly column: Column;
  readonly repetition: number;
  /** Of the load and of what is broken. */
  readonly seed: number;
}

const STAGES: readonly (readonly ComparisonRow['kind'][])[] = [
  ['fidelity'],
  ['flood'],
  ['sustained'],
  ['common', 'held'],
  ['fault'],
];

export function rowsOf(comparison: Comparison, mode: Mode): readonly ComparisonRow[] {
  return mode === 'full' ? comparison.rows : comparison.rows.filter(({ quick }) => quick);
}

/** The cells that can be run: tools that are here, rows that they claim. */
export function schedule(
  comparison: Comparison,
  columns: readonly Column[],
  mode: Mode,
  seed: number,
): readonly Cell[] {
  const random = seededRandom(seed);
  const rows = rowsOf(comparison, mode);
  return STAGES.flatMap((kinds) => {
    const staged = rows.filter(({ kind }) => kinds.includes(kind));
    const rounds = Math.max(0, ...staged.map((row) => repetitionsOf(comparison, row, mode)));
    return Array.from({ length: rounds }, (_, repetition) => {
      const round = staged
        .filter((row) => repetition < repetitionsOf(comparison, row, mode))
        .flatMap((row) =>
          columns
            .filter((column) => column.found !== null && absentClaims(column, row).length === 0)
            .map((column) => ({ row, column, repetition, seed: seedOf(comparison, row, repetition) })),
        );
      return shuffled(round, random);
    }).flat();
  });
}

export function absentClaims({ tool }: Column, { needs }: ComparisonRow): readonly Claim[] {
  return missingClaims(tool, needs);
}

function repetitionsOf({ seeds }: Comparison, { kind, repeat }: ComparisonRow, mode: Mode): number {
  if (mode === 'quick') return 1;
  return kind === 'fault' ? seeds.length : repeat;
}

function seedOf({ seeds }: Comparison, { kind }: ComparisonRow, repetition: number): number {
  const [first = 1] = seeds;
  return kind === 'fault' ? (seeds[repetition] ?? first) : first;
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const keyed = values.map((value) => ({ value, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}
