// Writes the events of a spec into its event files, on schedule or as fast as possible, and keeps the manifest.
//
// Open loop: what is due is written, at once and all of it, however late it is; lag is counted, never skipped.
// Writes are synchronous on purpose: the process does nothing else, and the write is what is being timed.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { type DueTimes, dueBy, dueTimes } from './due.ts';
import { EventFiles } from './eventfiles.ts';
import { LagMeter } from './lag.ts';
import { writeManifest } from './manifest.ts';
import { fill, type Payload, planPayload } from './payload.ts';
import type { GeneratorProgress, GeneratorSpec, Manifest } from './spec.ts';

const BUFFER_BYTES = 4 << 20;
const TICK_MS = 4;
const HOLD_POLL_MS = 10;
const PROGRESS_MS = 200;
const MANIFEST_MS = 1000;
/** A catch-up or a flood lets signals and progress in this often. */
const TURN_MS = 50;

export const wallClockMs = (): number => performance.timeOrigin + performance.now();

/** Resolves with the final manifest after the last event, or early once `signal` is aborted. */
export async function generate(
  spec: GeneratorSpec,
  signal: AbortSignal,
  onProgress: (progress: GeneratorProgress) => void,
): Promise<Manifest> {
  const plan = await planPayload(spec.content, spec, spec.seed, spec.pace);
  const files = new EventFiles(spec);
  const startMs = Math.ceil(spec.startAtMs || wallClockMs());
  const payload = plan.start(startMs);
  try {
    const run = new Run(spec, dueTimes(spec.pace, startMs), payload, files, onProgress, plan.inputs);
    run.saveManifest(false);
    await run.send(signal);
    if (spec.pace.kind === 'flood') files.sync();
    return run.saveManifest(true);
  } finally {
    files.close();
    payload.close();
  }
}

class Run {
  readonly #spec: GeneratorSpec;
  readonly #due: DueTimes;
  readonly #payload: Payload;
  readonly #files: EventFiles;
  readonly #onProgress: (progress: GeneratorProgress) => void;
  readonly #inputs: Manifest['inputs'];
  readonly #lag: LagMeter;
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #events = 0;
  #bytes = 0;
  #crc32 = 0;
  #heldMs = 0;
  #lagMs = 0;
  #nextProgressMs = 0;
  #nextManifestMs = wallClockMs() + MANIFEST_MS;

  constructor(
    spec: GeneratorSpec,
    due: DueTimes,
    payload: Payload,
    files: EventFiles,
    onProgress: (progress: GeneratorProgress) => void,
    inputs: Manifest['inputs'],
  ) {
    this.#spec = spec;
    this.#due = due;
    this.#payload = payload;
    this.#files = files;
    this.#onProgress = onProgress;
    this.#inputs = inputs;
    this.#lag = new LagMeter(due, spec.scheduleLagMsMax);
  }

  async send(signal: AbortSignal): Promise<void> {
    let tickMs = Math.max(this.#due.startMs, wallClockMs());
    while (this.#events < this.#spec.events && !signal.aborted) {
      const wait = tickMs - wallClockMs();
      if (wait > 0) await sleep(Math.min(wait, PROGRESS_MS), undefined, { signal }).catch(() => {});
      else await nextTurn();
      await this.#sendDue(signal);
      this.#report(wallClockMs());
      if (wallClockMs() >= tickMs) tickMs += TICK_MS * Math.ceil((wallClockMs() - tickMs + 0.001) / TICK_MS);
    }
    this.#nextProgressMs = 0;
    this.#report(wallClockMs());
  }

  /** Writes what is due by now; comes back after TURN_MS at the latest. */
  async #sendDue(signal: AbortSignal): Promise<void> {
    const beganMs = wallClockMs();
    const target = Math.min(this.#spec.events, dueBy(this.#due, beganMs));
    while (this.#events < target && !signal.aborted) {
      if (this.#files.full()) await this.#hold(signal);
      else this.#write(target - this.#events);
      if (wallClockMs() - beganMs > TURN_MS) return;
    }
  }

  #write(count: number): void {
    const first = this.#events;
    const room = Math.min(this.#buffer.length, this.#files.room);
    let events = this.#payload.fitting(first, count, Math.min(room, this.#files.fileBytes));
    if (events === 0 && this.#files.room !== Infinity) {
      this.#files.roll();
      return;
    }
    if (events === 0) events = 1; // larger than a file may be: alone in its file
    const bytes = fill(this.#payload, this.#buffer, 0, first, events);
    this.#files.write(this.#buffer, bytes);
    this.#crc32 = crc32(this.#buffer.subarray(0, bytes), this.#crc32);
    this.#events += events;
    this.#bytes += bytes;
    const doneMs = wallClockMs();
    if (this.#spec.pace.kind === 'schedule') {
      this.#lagMs = this.#lag.record(first, events, doneMs);
    }
  }

  async #hold(signal: AbortSignal): Promise<void> {
    const beganMs = wallClockMs();
    const heldMs = this.#heldMs;
    while (this.#files.full() && !signal.aborted) {
      await sleep(HOLD_POLL_MS);
      this.#heldMs = heldMs + wallClockMs() - beganMs;
      this.#report(wallClockMs());
    }
    this.#lag.holdEnded(wallClockMs());
  }

  #report(nowMs: number): void {
    if (nowMs >= this.#nextProgressMs) {
      this.#nextProgressMs = nowMs + PROGRESS_MS;
      const { events, bytes } = { events: this.#events, bytes: this.#bytes };
      this.#onProgress({ timeMs: nowMs, events, bytes, lagMs: this.#lagMs, heldMs: this.#heldMs });
    }
    if (nowMs >= this.#nextManifestMs) {
      this.#nextManifestMs = nowMs + MANIFEST_MS;
      this.saveManifest(false);
    }
  }

  saveManifest(final: boolean): Manifest {
    const { runner, epoch, seed, content, pace, scheduleLagMsMax } = this.#spec;
    const manifest: Manifest = {
      version: 1,
      final,
      runner,
      epoch,
      seed,
      content,
      pace,
      startMs: this.#due.startMs,
      events: this.#events,
      bytes: this.#bytes,
      crc32: this.#crc32,
      scheduleLagMsMax,
      lagMs: { max: this.#lag.maxMs, p99: this.#lag.p99Ms },
      lateEvents: this.#lag.lateEvents,
      heldMs: this.#heldMs,
      expired: this.#files.expired,
      inputs: this.#inputs,
    };
    writeManifest(this.#spec.manifestPath, manifest);
    return manifest;
  }
}
