// Steps of a scenario made into single faults: repetitions unrolled, random targets and times drawn from the seed.
// Pure: the same scenario and seed give the same faults, so that a failure can be seen again.

import { seededRandom } from '../generator/random.ts';
import { endOf, isLinkAction, isRandom, type Step } from './step.ts';

/** One fault: what happens at `atMs` after the first event was due, and what ends it. */
export interface PlannedFault {
  readonly atMs: number;
  readonly step: Step;
  readonly target: string;
  /** null: ended by another step, or when everything is undone. */
  readonly lastsMs: number | null;
}

export interface FaultTargets {
  /** For `random`. */
  readonly nodes: readonly string[];
  /** For `member`. */
  readonly members: readonly string[];
  /** `instance1 -> instance2`, in the order of the flow. */
  readonly links: readonly string[];
}

/** Faults without `times` leave this much of the load alone at its end. */
const CALM_END_MS = 5000;

export function planFaults(
  steps: readonly Step[],
  targets: FaultTargets,
  seed: number,
  durationMs: number,
): PlannedFault[] {
  const random = seededRandom(seed);
  return steps
    .flatMap((step) => repeated(step, targets, random, durationMs))
    .toSorted((a, b) => a.atMs - b.atMs);
}

export function describeFault({ step, target, atMs, lastsMs }: PlannedFault): string {
  const seconds = (ms: number) => `${Math.round(ms) / 1000} s`;
  const until = lastsMs === null || endOf(step.do) === null ? '' : ` for ${seconds(lastsMs)}`;
  return `${step.do} ${target} at ${seconds(atMs)}${until}`;
}

function repeated(
  step: Step,
  targets: FaultTargets,
  random: () => number,
  durationMs: number,
): PlannedFault[] {
  const lastsMs = 'lasts' in step && step.lasts !== undefined ? step.lasts : null;
  const every = step.every ?? 0;
  const left = durationMs - CALM_END_MS - step.at - (step.jitter ?? 0) - (lastsMs ?? 0);
  const untilEnd = every === 0 ? 1 : Math.max(1, Math.floor(left / every) + 1);
  return Array.from({ length: step.times ?? untilEnd }, (_, index) => {
    const late = step.jitter === undefined ? 0 : Math.floor(random() * step.jitter);
    const atMs = step.at + index * every + late;
    return { atMs, step, target: targetOf(step, targets, random), lastsMs };
  });
}

function targetOf(step: Step, { nodes, members, links }: FaultTargets, random: () => number): string {
  if (!isRandom(step.target)) return step.target;
  const some = step.target === 'member' ? members : nodes;
  const left = some.filter((node) => !('except' in step && step.except?.includes(node)));
  const all = isLinkAction(step.do) ? links : left;
  return all[Math.floor(random() * all.length)] ?? '';
}
