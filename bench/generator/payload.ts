// A payload knows the bytes of every event of a run: event n is a pure function of the manifest, so the
// generator writes it, and the verifier later makes it again, from any n on.

import { type DueTimes, dueTimes } from './due.ts';
import { FORMATS, type Origin } from './format.ts';
import { type InputFile, openInputs } from './inputs.ts';
import { PatchedPayload } from './patched.ts';
import { RawPayload } from './raw.ts';
import { csvSamples } from './rows.ts';
import type { EventContent, GeneratorSpec } from './spec.ts';
import { syntheticSamples } from './synthetic.ts';

/** Bytes that stay as they are until the next call on the same payload. */
export interface Slice {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly events: number;
}

export interface Payload {
  /** True if every event carries runner, epoch and sequence. */
  readonly identified: boolean;
  /** Bytes of `count` events from `first` on. */
  bytes(first: number, count: number): number;
  /** How many events from `first` on, at most `count`, fit into `bytes`. */
  fitting(first: number, count: number, bytes: number): number;
  /** The bytes of events from `first` on: at least one, at most `count`. */
  slice(first: number, count: number): Slice;
  close(): void;
}

/** Everything that can be made before the clock starts. */
export interface PayloadPlan {
  readonly inputs: readonly InputFile[];
  start(startMs: number): Payload;
}

export async function planPayload(
  content: EventContent,
  origin: Origin,
  seed: number,
  pace: GeneratorSpec['pace'],
): Promise<PayloadPlan> {
  switch (content.kind) {
    case 'synthetic': {
      const templates = syntheticSamples(seed).map((sample) =>
        FORMATS[content.format].template(sample, origin),
      );
      return patchedPlan(templates, content.format, seed, pace, []);
    }
    case 'replay-metrics': {
      const inputs = await openInputs(content.files);
      const samples = await csvSamples(content.files);
      const templates = samples.map((sample) => FORMATS[content.format].template(sample, origin));
      return patchedPlan(templates, content.format, seed, pace, inputs);
    }
    case 'replay-raw': {
      const inputs = await openInputs(content.files);
      return { inputs, start: () => RawPayload.open(inputs) };
    }
  }
}

function patchedPlan(
  templates: readonly string[],
  format: keyof typeof FORMATS,
  seed: number,
  pace: GeneratorSpec['pace'],
  inputs: readonly InputFile[],
): PayloadPlan {
  const due = (startMs: number): DueTimes => dueTimes(pace, startMs);
  const suffix = FORMATS[format].afterMillis;
  return { inputs, start: (startMs) => new PatchedPayload(templates, suffix, seed, due(startMs)) };
}

/** Copies `count` events from `first` on into `target` and returns the bytes; the caller has made room. */
export function fill(payload: Payload, target: Buffer, at: number, first: number, count: number): number {
  let position = at;
  let next = first;
  while (next < first + count) {
    const slice = payload.slice(next, first + count - next);
    slice.buffer.copy(target, position, slice.start, slice.end);
    position += slice.end - slice.start;
    next += slice.events;
  }
  return position - at;
}
