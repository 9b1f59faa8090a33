// Which member of a cluster has which key, and whether the events of a key stand in order there. Reads every line of
// every member, with an understanding of its own of what a key is: that of the formats the generator makes.

import { FORMATS } from '../generator/format.ts';
import type { Format } from '../generator/spec.ts';
import { readLines } from './chunks.ts';
import type { EventFile } from './eventfile.ts';
import type { Expectation } from './expectation.ts';
import type { KeyFindings } from './spec.ts';

const EXAMPLES_MAX = 10;
const NEWLINE = 10;

export interface KeySpec {
  readonly format: Format;
  /** The tag whose value is the key; without it name and tags are. */
  readonly field?: string;
}

/** Lines that are no expected event are passed over: the verifier has counted them already. */
export async function findKeys(
  files: readonly EventFile[],
  spec: KeySpec,
  expectations: readonly Expectation[],
): Promise<KeyFindings> {
  const finder = new KeyFinder(spec, expectations);
  for (const { path, from, member } of files) {
    finder.member = member ?? '';
    await readLines(path, from, finder);
  }
  return finder.findings();
}

class KeyFinder {
  member = '';
  readonly #key: RegExp;
  readonly #identity: RegExp;
  readonly #limits: ReadonlyMap<string, number>;
  /** By key and member: the sequence of its last event, by runner and epoch. */
  readonly #last = new Map<string, Map<string, Map<string, number>>>();
  readonly #examples: string[] = [];
  #disordered = 0;

  constructor({ format, field }: KeySpec, expectations: readonly Expectation[]) {
    this.#key = keyPattern(format, field);
    this.#identity = FORMATS[format].identity;
    this.#limits = new Map(
      expectations.map(({ runner, epoch, limit }) => [`${runner}.${epoch}`, limit] as const),
    );
  }

  lines(data: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const stop = data.indexOf(NEWLINE, at);
      this.#line(data.toString('latin1', at, stop));
      at = stop + 1;
    }
  }

  broken(): void {}

  findings(): KeyFindings {
    const at: Record<string, number> = {};
    for (const members of this.#last.values()) {
      const names = [...members.keys()].sort().join('+');
      at[names] = (at[names] ?? 0) + 1;
    }
    return { keys: this.#last.size, at, disordered: this.#disordered, examples: this.#examples };
  }

  #line(line: string): void {
    const key = this.#key.exec(line)?.[1];
    const [, runner, epoch, sequenceText] = this.#identity.exec(line) ?? [];
    const origin = `${Number(runner)}.${Number(epoch)}`;
    const sequence = Number(sequenceText);
    if (key === undefined || !(sequence < (this.#limits.get(origin) ?? 0))) return;
    const ofKey = entryOf(this.#last, key, () => new Map<string, Map<string, number>>());
    const ofMember = entryOf(ofKey, this.member, () => new Map<string, number>());
    const before = ofMember.get(origin) ?? -1;
    ofMember.set(origin, sequence);
    if (sequence > before) return;
    this.#disordered++;
    if (this.#examples.length >= EXAMPLES_MAX) return;
    this.#examples.push(`${this.member}: event ${sequence} stands behind ${before} of the same key ${key}`);
  }
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Group 1 is the key. The generator escapes nothing, and its JSON has names and no `tags`. */
function keyPattern(format: Format, field: string | undefined): RegExp {
  if (format === 'json') return new RegExp(`"${field ?? 'name'}":("[^"]*"|[^,}]*)`);
  if (field === undefined) return /^([^ ]+) /;
  return new RegExp(`^[^ ]*?[,;]${field}=([^,; ]*)`);
}
