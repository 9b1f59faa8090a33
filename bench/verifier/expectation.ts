// What one manifest promises, and how much of it has been found: the bytes of every event it claims to have sent
// are made again and compared in blocks.

import { type DueTimes, dueTimes } from '../generator/due.ts';
import { openInputs } from '../generator/inputs.ts';
import { type Payload, planPayload } from '../generator/payload.ts';
import type { Format, Manifest } from '../generator/spec.ts';
import { VerifyError } from './errors.ts';
import { SequenceSet } from './sequences.ts';

export class Expectation {
  readonly runner: number;
  readonly epoch: number;
  readonly format: Format | null;
  readonly due: DueTimes;
  readonly payload: Payload;
  #limit: number;
  readonly seen = new SequenceSet();
  /** The sequence after the last intact event: what should come next. */
  next = 0;
  /** One above the highest sequence found, and found at the member whose files are looked at. */
  highest = 0;
  high = 0;
  #claimed: number;

  static async open(manifest: Manifest): Promise<Expectation> {
    const { content, seed, pace, startMs } = manifest;
    if (content.kind !== 'synthetic') await checkInputs(manifest);
    const plan = await planPayload(content, manifest, seed, pace);
    return new Expectation(manifest, plan.start(startMs));
  }

  private constructor(manifest: Manifest, payload: Payload) {
    this.runner = manifest.runner;
    this.epoch = manifest.epoch;
    this.format = manifest.content.kind === 'replay-raw' ? null : manifest.content.format;
    this.due = dueTimes(manifest.pace, manifest.startMs);
    this.payload = payload;
    this.#limit = manifest.final ? manifest.events : Infinity;
    this.#claimed = manifest.events;
  }

  /** Sequences at and above are not this manifest's. */
  get limit(): number {
    return this.#limit;
  }

  /** The last word of a run that was followed from its beginning. */
  conclude(manifest: Manifest): void {
    this.#limit = manifest.final ? manifest.events : Infinity;
    this.#claimed = manifest.events;
  }

  /** A manifest that is not final lags behind: what was found beyond its mark was sent as well. */
  get expected(): number {
    return Math.max(this.#claimed, this.highest);
  }

  /** How many of `count` events from `first` on stand in data[at..end), intact and one after the other. */
  match(data: Buffer, at: number, end: number, first: number, count: number): number {
    const wanted = Math.min(count, this.limit - first);
    if (wanted <= 0) return 0;
    const fitting = this.payload.fitting(first, wanted, end - at);
    if (fitting === 0) return 0;
    const { buffer, start, end: stop, events } = this.payload.slice(first, fitting);
    const equal = (from: number, to: number): boolean =>
      data.compare(buffer, start + from, start + to, at + from, at + to) === 0;
    if (equal(0, stop - start)) return events;
    if (!this.payload.identified) return 0;
    let same = 0;
    let differing = events;
    while (differing - same > 1) {
      const middle = (same + differing) >> 1;
      if (equal(this.payload.bytes(first, same), this.payload.bytes(first, middle))) same = middle;
      else differing = middle;
    }
    return same;
  }

  /** The text of event n without its newline. */
  text(n: number): string {
    const { buffer, start, end } = this.payload.slice(n, 1);
    return buffer.toString('latin1', start, end - 1);
  }
}

async function checkInputs({ inputs }: Manifest): Promise<void> {
  const now = await openInputs(inputs.map(({ file }) => file));
  for (const [index, input] of inputs.entries()) {
    if (now[index]?.bytes !== input.bytes || now[index]?.crc32 !== input.crc32) {
      throw new VerifyError(
        `${input.file} has changed since it was replayed: put the old file back to verify the run`,
      );
    }
  }
}
