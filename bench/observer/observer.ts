// Looks at the destinations every few milliseconds and at everything else a few times a second, on an absolute
// schedule: a late look does not delay the ones after it. System calls are synchronous on purpose, they take
// microseconds each and the process does nothing else.

import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ArrivalWriter } from './arrivals.ts';
import { wallClockMs } from './clock.ts';
import { type DirectoryListener, EventDirectory } from './directory.ts';
import { PollGaps } from './gaps.ts';
import { Machine } from './machine.ts';
import { Processes } from './processes.ts';
import type { ObserverSpec, Sample, WatchedDirectory } from './spec.ts';
import { Strays } from './strays.ts';

export const arrivalsFile = (name: string): string => `arrivals-${name}.bin`;
/** Arrivals reach the disk this often, whatever happens to us. */
const FLUSH_MS = 1000;

/** Between polls the thread blocks, which costs half the processor time of a timer; signals get in this often. */
const TURN_MS = 50;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

const SILENT: DirectoryListener = { named: () => {}, grown: () => {} };

/** Observes until `signal` is aborted, then looks once more at everything and writes out what it has. */
export async function observe(spec: ObserverSpec, signal: AbortSignal): Promise<void> {
  mkdirSync(spec.outDir, { recursive: true });
  const observer = new Observer(spec);
  try {
    await observer.run(signal);
  } finally {
    observer.close();
  }
}

class Observer {
  readonly #spec: ObserverSpec;
  readonly #startMs = wallClockMs();
  readonly #gaps = new PollGaps();
  readonly #destinations: readonly Destination[];
  readonly #directories: readonly { readonly name: string; readonly files: EventDirectory }[];
  readonly #processes: Processes;
  readonly #machine = new Machine();
  readonly #strays = new Strays();

  constructor(spec: ObserverSpec) {
    this.#spec = spec;
    this.#destinations = spec.destinations.map((watched) => new Destination(watched, spec.outDir));
    this.#directories = spec.directories.map((watched) => ({
      name: watched.name,
      files: new EventDirectory(watched, SILENT),
    }));
    this.#processes = new Processes(spec.processesPath);
    writeFileSync(join(spec.outDir, 'samples.jsonl'), '');
  }

  async run(signal: AbortSignal): Promise<void> {
    const { arrivalPollMs, sampleMs } = this.#spec;
    let pollAt = this.#startMs;
    let sampleAt = this.#startMs;
    let flushAt = this.#startMs + FLUSH_MS;
    let turnAt = this.#startMs;
    while (!signal.aborted) {
      this.#poll();
      if (wallClockMs() >= sampleAt) {
        this.#sample();
        sampleAt = nextAfter(wallClockMs(), sampleAt, sampleMs);
      }
      if (wallClockMs() >= flushAt) {
        for (const { arrivals } of this.#destinations) flushWith(arrivals, this.#gaps);
        flushAt = nextAfter(wallClockMs(), flushAt, FLUSH_MS);
      }
      pollAt = nextAfter(wallClockMs(), pollAt, arrivalPollMs);
      Atomics.wait(NEVER, 0, 0, Math.max(0, pollAt - wallClockMs()));
      if (wallClockMs() >= turnAt) {
        await nextTurn();
        turnAt = wallClockMs() + TURN_MS;
      }
    }
    this.#poll();
    for (const { files } of this.#destinations) files.scan();
    this.#sample();
  }

  close(): void {
    for (const { arrivals } of this.#destinations) {
      flushWith(arrivals, this.#gaps);
      arrivals.close();
    }
    this.#saveSummary();
  }

  #poll(): void {
    for (const { files } of this.#destinations) files.poll();
    this.#gaps.polled(wallClockMs());
  }

  #sample(): void {
    for (const { files } of this.#directories) files.scan();
    const timeMs = wallClockMs();
    const processes = this.#processes.sample();
    this.#strays.look(timeMs, this.#processes.members, this.#processes.listed);
    const { found } = this.#strays;
    const sample: Sample = {
      timeMs,
      processes,
      ...(found.length > 0 && { strays: found }),
      directories: Object.fromEntries(this.#directories.map(({ name, files }) => [name, files.totals()])),
      machine: this.#machine.sample(),
    };
    appendFileSync(join(this.#spec.outDir, 'samples.jsonl'), `${JSON.stringify(sample)}\n`);
  }

  #saveSummary(): void {
    const path = join(this.#spec.outDir, 'observer.json');
    const { user, system } = process.cpuUsage();
    const summary = {
      version: 1,
      startMs: this.#startMs,
      endMs: wallClockMs(),
      polls: this.#gaps.count + 1,
      pollMs: this.#gaps.figures(),
      cpuSeconds: (user + system) / 1e6,
      destinations: this.#destinations.map(({ name, files }) => ({
        name,
        arrivals: arrivalsFile(name),
        files: files.filesEver,
        bytes: files.totals().totalBytes,
      })),
    };
    writeFileSync(`${path}.tmp`, `${JSON.stringify(summary, null, 2)}\n`);
    renameSync(`${path}.tmp`, path);
  }
}

class Destination {
  readonly name: string;
  readonly arrivals: ArrivalWriter;
  readonly files: EventDirectory;

  constructor(watched: WatchedDirectory, outDir: string) {
    const arrivals = new ArrivalWriter(join(outDir, arrivalsFile(watched.name)));
    this.name = watched.name;
    this.arrivals = arrivals;
    this.files = new EventDirectory(watched, {
      named: (file, name) => arrivals.name(file, name),
      grown: (file, size, timeMs) => arrivals.arrival({ file, size, timeMs }),
    });
  }
}

function flushWith(arrivals: ArrivalWriter, gaps: PollGaps): void {
  arrivals.gaps(gaps.figures());
  arrivals.flush();
}

/** The next time of the schedule after now; times that have passed are left out. */
function nextAfter(nowMs: number, lastMs: number, stepMs: number): number {
  return lastMs + stepMs * Math.max(1, Math.ceil((nowMs - lastMs) / stepMs));
}
