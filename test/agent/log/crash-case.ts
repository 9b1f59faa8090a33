// One life of a log on a disk that stops at some step, and what must hold when it is opened again on what is left:
// after a kill all that was written, after a power loss any subset of what was not synced.

import { systemCodeOf } from '../../../agent/errors.ts';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import { examine } from './examine.ts';
import { ModelDisk, type Plan, systemError } from './model-disk.ts';
import { type Random, randomOf } from './random.ts';
import { nothingPromised, type Promised, work } from './workload.ts';

const KiB = 1024;
const LANES = 2;
const FEEDS_MAX = 2;
const CASE_MS_MAX = 40_000;

export interface Life {
  readonly stopAt: number;
  /** Steps that fail before that. */
  readonly failing?: { readonly first: number; readonly count: number; readonly code: string };
  readonly endedBy: 'kill' | 'power';
}

export interface CrashCase {
  readonly seed: number;
  readonly durability: 'fsync' | 'os';
  readonly lives: readonly Life[];
}

function planOf({ stopAt, failing }: Life): Plan {
  return (step, name) => {
    if (step >= stopAt) return 'stop';
    const fails = failing !== undefined && step >= failing.first && step < failing.first + failing.count;
    return fails ? systemError(failing.code, name) : 'go';
  };
}

/** Room for a handful of segments only, so that retention deletes some while the workload runs. */
export function crowdedOptions(dir: string, durability: 'fsync' | 'os'): LogOptions {
  return {
    dir,
    durability,
    segmentBytes: 4 * KiB,
    journalBytesMax: 2 * KiB,
    pendingBytesMax: 1024 * KiB,
    capBytes: 470 * KiB,
    reserveBytes: 0,
    keepBytes: 8 * KiB,
    keepAgeMs: 3_600_000,
  };
}

/**
 * Lives until the plan stops the disk, opens again, checks, and so on life after life; then works on to the end, closes,
 * and checks once more.
 * @returns how many steps the first life had, and whether it was stopped at all.
 */
export async function crash(dir: string, given: CrashCase): Promise<{ steps: number; stopped: boolean }> {
  const random = randomOf(given.seed);
  const options = crowdedOptions(dir, given.durability);
  const promised = nothingPromised();
  const results: { steps: number; stopped: boolean }[] = [];
  let disk = new ModelDisk(random);
  for (const life of given.lives) {
    disk.plan = planOf(life);
    const stopped = await liveUntilStopped(disk, options, { random, promised });
    results.push({ steps: disk.steps, stopped });
    disk = disk.after(life.endedBy, random);
  }
  {
    await using log = await openOn(disk, options);
    await examine(log, { options, disk, promised });
    await work(log, { random, promised, lanes: LANES, feedsMax: FEEDS_MAX, over: () => false });
  }
  await using log = await openOn(disk, options);
  await examine(log, { options, disk, promised });
  return results[0] ?? { steps: 0, stopped: false };
}

/** Without the kernel's lock, which takes a process to get: lock.test.ts and directory.test.ts have it. */
export function openOn(disk: ModelDisk, options: LogOptions): Promise<EventLog> {
  const noLock = async () => ({ [Symbol.asyncDispose]: async () => undefined });
  return EventLog.open(options, disk, () => disk.nowMs++, noLock);
}

async function liveUntilStopped(
  disk: ModelDisk,
  options: LogOptions,
  { random, promised }: { random: Random; promised: Promised },
): Promise<boolean> {
  let stopped = false;
  const stop = disk.stopped.then(() => {
    stopped = true;
  });
  const opening = openOn(disk, options);
  const opened = opening.then(
    (log) => log,
    () => null,
  );
  const log = await Promise.race([opened, stop]);
  if (log) {
    const checking = examine(log, { options, disk, promised }).catch(unlessPlanned);
    checking.catch(() => undefined);
    await Promise.race([checking, stop]);
    const working = work(log, {
      random,
      promised,
      lanes: LANES,
      feedsMax: FEEDS_MAX,
      over: () => stopped,
    });
    await Promise.race([working.catch(() => undefined), stop]);
    const closing = log.close();
    await Promise.race([closing, stop]);
    disk.abandon();
    await closing;
  } else {
    disk.abandon();
    await (await opened)?.close();
  }
  return stopped;
}

/** A log that hangs would otherwise only show as a test that does, without its case. */
async function withinTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('it hangs')), CASE_MS_MAX);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A check may itself meet the disk that fails. */
function unlessPlanned(error: unknown): void {
  if (systemCodeOf(error) === undefined) throw error;
}

/** Runs cases side by side; the first that fails ends them all. */
export async function crashEach(
  next: () => CrashCase | null,
  seen: (result: { steps: number; stopped: boolean }) => void = () => undefined,
  sideBySide = 4,
): Promise<void> {
  const workers = Array.from({ length: sideBySide }, async (_, worker) => {
    const dir = `/model/${worker}`;
    for (let given = next(); given !== null; given = next()) {
      try {
        seen(await withinTime(crash(dir, given)));
      } catch (error) {
        const detail = error instanceof Error ? error.stack : String(error);
        throw new Error(`${JSON.stringify(given)}: ${detail}`, { cause: error });
      }
    }
  });
  await Promise.all(workers);
}
