// What a scenario may break, when, and for how long: the part of the scenario file below `steps`. The schema is
// parser, check and documentation at once; plan.ts makes single faults with times of it.
//
//   - { at: 10s, do: stop, target: b, lasts: 30s }
//   - { at: 5s, do: kill, target: random, lasts: 0s, every: 1s, times: 200 }
//   - { at: 10s, do: cut, target: instance1 -> instance2, lasts: 20s }

import { z } from 'zod';
import {
  BYTES_EXPECTED,
  DURATION_EXPECTED,
  parseBytes,
  parseDurationMs,
  quantity,
} from '../scenario-units.ts';

const durationMs = quantity(parseDurationMs, DURATION_EXPECTED);
const bytes = quantity(parseBytes, BYTES_EXPECTED);

const timing = {
  /** After the first event was due. */
  at: durationMs,
  /** Again and again; without `times` until the load ends. */
  every: durationMs.optional(),
  times: z.int().min(1).max(100_000).optional(),
  /** Each time later by a random part of this. */
  jitter: durationMs.optional(),
};
/** An instance or a destination (`instance2`, `a`), `etcd`, or by the seed `random`: any node, `member`: one of the
 * cluster, but none in reserve. */
const node = z.string();
/** Nodes that `random` leaves out: one that is never started again shows what leaks. */
const except = z.array(z.string()).optional();
/** `instance1 -> instance2`, or `random`: a link by the seed. */
const link = z.string();
/** Undone after this; without it by another step, or at the end. */
const lasts = durationMs.optional();

export const NODE_ACTIONS = ['stop', 'start', 'kill', 'pause', 'resume', 'wipe'] as const;
export const MEMBER_ACTIONS = ['join', 'drain', 'undrain'] as const;
export const LINK_ACTIONS = ['cut', 'half-open', 'slow', 'reset', 'heal'] as const;
export const DISK_ACTIONS = ['fill', 'free'] as const;

export const stepSchema = z.discriminatedUnion('do', [
  /** stop: SIGTERM; kill: SIGKILL; pause: SIGSTOP. Undone by start and resume. */
  z.strictObject({ ...timing, do: z.enum(['stop', 'kill', 'pause']), target: node, except, lasts }),
  /** wipe: everything a stopped node has on disk. */
  z.strictObject({ ...timing, do: z.enum(['start', 'resume', 'wipe']), target: node }),
  /** A member in reserve is started for the first time. */
  z.strictObject({ ...timing, do: z.literal('join'), target: node }),
  /** A member says that it wants to be given nothing more; undrain: that it wants to again. */
  z.strictObject({ ...timing, do: z.literal('drain'), target: node, lasts }),
  z.strictObject({ ...timing, do: z.literal('undrain'), target: node }),
  /** No byte passes in either direction, nobody is told. */
  z.strictObject({ ...timing, do: z.literal('cut'), target: link, lasts }),
  /** Nothing passes one way: `back` stops the acknowledgements, `forward` the events. */
  z.strictObject({
    ...timing,
    do: z.literal('half-open'),
    target: link,
    lasts,
    direction: z.enum(['forward', 'back']).default('back'),
  }),
  /** Each direction is held to this many bytes a second. */
  z.strictObject({ ...timing, do: z.literal('slow'), target: link, lasts, bytesPerSecond: bytes }),
  /** reset: every connection that stands gets a reset. heal: ends cut, half-open and slow. */
  z.strictObject({ ...timing, do: z.enum(['reset', 'heal']), target: link }),
  /** A ballast file takes what room is left on the node's own filesystem (see `disks`), but for `leave`. */
  z.strictObject({ ...timing, do: z.literal('fill'), target: node, lasts, leave: bytes.default(0) }),
  z.strictObject({ ...timing, do: z.literal('free'), target: node }),
  /**
   * SIGHUP with a changed configuration: without these destinations, and with these keys set on the others. What one
   * leaves out the next brings back; at the end the node gets the configuration that it had.
   */
  z.strictObject({
    ...timing,
    do: z.literal('reload'),
    target: node,
    without: z.array(z.string()).default([]),
    set: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    expect: z.enum(['applied', 'unchanged', 'refused']).default('applied'),
  }),
  /** A stopped node's files, at places by the seed. */
  z.strictObject({
    ...timing,
    do: z.literal('damage'),
    target: node,
    what: z.enum(['segment', 'journal', 'cursor']),
    how: z.enum(['flip', 'zero', 'truncate', 'remove', 'garbage']),
    /** How many places. */
    places: z.int().min(1).max(1000).default(1),
    /** Which of the files, oldest first. */
    file: z.enum(['first', 'middle', 'last', 'random']).default('random'),
  }),
]);

export type Step = z.infer<typeof stepSchema>;
export type StepAction = Step['do'];

export type EndAction = 'start' | 'resume' | 'undrain' | 'heal' | 'free';

/** What ends a fault that lasts; null: it has no end of its own. */
export function endOf(action: StepAction): EndAction | null {
  switch (action) {
    case 'stop':
    case 'kill':
      return 'start';
    case 'pause':
      return 'resume';
    case 'drain':
      return 'undrain';
    case 'cut':
    case 'half-open':
    case 'slow':
      return 'heal';
    case 'fill':
      return 'free';
    default:
      return null;
  }
}

/** Whether chance decides what is broken: then it may be broken already. */
export function isRandom(target: string): boolean {
  return target === 'random' || target === 'member';
}

export function isLinkAction(action: StepAction): boolean {
  return LINK_ACTIONS.some((candidate) => candidate === action);
}

export function isDiskAction(action: StepAction): boolean {
  return DISK_ACTIONS.some((candidate) => candidate === action);
}
