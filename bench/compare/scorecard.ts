// scorecard.json: everything that the scorecard's page and its Markdown are rendered from. A reader checks `schema`.

import type { Result } from '../result.ts';
import type { DurabilityClass } from '../tools/tool.ts';
import type { ComparisonRow } from './comparison-file.ts';
import type { Summary } from './statistics.ts';

export const SCORECARD_SCHEMA = 'spillway-scorecard/2';

export interface Scorecard {
  readonly schema: typeof SCORECARD_SCHEMA;
  readonly name: string;
  readonly description: string;
  /** `quick`: once each, indicative; `full`: repeated. */
  readonly mode: 'quick' | 'full';
  readonly seed: number;
  readonly startedAt: string;
  readonly commit: string;
  readonly dirty: boolean;
  readonly machine: Result['machine'] | null;
  /** Every run that was planned has its place here, also before it happened. */
  readonly complete: boolean;
  readonly columns: readonly ScorecardColumn[];
  readonly rows: readonly ScorecardRow[];
  readonly cells: readonly ScorecardCell[];
}

export interface ScorecardColumn {
  readonly id: string;
  readonly tool: string;
  readonly summary: string;
  /** null: not on the machine. */
  readonly version: string | null;
  readonly howToGet: string;
  readonly durability: 'fsync' | 'os';
  readonly acknowledgedAfter: DurabilityClass;
  /** The bare copy: what the path gives to who promises nothing. Shown, and ranked with nobody. */
  readonly isLimit: boolean;
}

export interface ScorecardRow {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly kind: ComparisonRow['kind'];
  readonly scenario: string;
  /** At which rate everybody was run, where the row decides it; null: each at its own, or not reached. */
  readonly offered: string | null;
  /** What is broken, from the first event on. */
  readonly faults: readonly { readonly text: string; readonly fromMs: number; readonly toMs: number }[];
}

/** How the runs of a cell ended. */
export interface CellRuns {
  readonly passed: number;
  readonly failed: number;
  readonly invalid: number;
  readonly planned: number;
}

/** `n/a`: the tool does not claim to do it; `not run`: the tool, or what the run needs, is not here. */
export type CellState = 'pass' | 'fail' | 'invalid' | 'n/a' | 'not run' | 'pending';

export const FIGURES = [
  'ratePerMinute',
  'mbPerSecond',
  'cpuSecondsPerMillion',
  'writtenBytesPerEvent',
  'memoryBytesMax',
  'latencyP50Ms',
  'latencyP99Ms',
  'latencyP999Ms',
  'latencyMaxMs',
  'drainMs',
  'sent',
  'lost',
  'duplicated',
  'reordered',
  'torn',
  'foreign',
] as const;
export type FigureName = (typeof FIGURES)[number];

export interface ScorecardCell {
  readonly row: string;
  readonly column: string;
  readonly state: CellState;
  /** In plain words: failures, the missing claim, or why it was not run. */
  readonly why: readonly string[];
  readonly runs: CellRuns;
  readonly figures: Readonly<Partial<Record<FigureName, Summary>>>;
  /** The load, as text. */
  readonly rate: string | null;
  readonly eventBytes: number | null;
  /** Highest share of the CPU that the machine lost to others during a run, in percent. */
  readonly stealPercent: number | null;
  readonly evidence: CellEvidence | null;
}

/** Of the run that shows most: the first that failed, or else the first. */
export interface CellEvidence {
  readonly seed: number;
  readonly startMs: number;
  readonly sentMs: number;
  readonly endMs: number;
  /** null: a flood. */
  readonly offeredBytesPerSecond: number | null;
  readonly events: Result['events'];
  readonly configuration: Result['configuration'];
  /** At the slowest destination. */
  readonly timeMs: readonly number[];
  readonly arrivedBytesPerSecond: readonly (number | null)[];
  readonly backlogBytes: readonly (number | null)[];
  readonly lost: readonly { readonly destination: string; readonly ranges: readonly string[] }[];
  readonly notes: readonly string[];
}
