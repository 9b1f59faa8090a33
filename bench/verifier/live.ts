// Judges a long run while it goes on: takes event files as they are finished, one after the other in writing order,
// deletes each when it has been judged, and gives the verdict when the final manifest is there. Latency is not
// known this way. Raw replays cannot be followed: their lines carry no identity.

import { rm, stat } from 'node:fs/promises';
import type { Manifest } from '../generator/spec.ts';
import { readLines } from './chunks.ts';
import { VerifyError } from './errors.ts';
import { Expectation } from './expectation.ts';
import { Judge } from './judge.ts';
import type { DestinationVerdict } from './spec.ts';
import { lostOf, verdictOf } from './verify.ts';

export class LiveVerifier {
  readonly #name: string;
  readonly #expectation: Expectation;
  readonly #judge: Judge;
  #files = 0;
  #bytes = 0;

  private constructor(name: string, expectation: Expectation) {
    this.#name = name;
    this.#expectation = expectation;
    this.#judge = new Judge([expectation], null);
  }

  /** `manifest`: the generator's first, before it is final. */
  static async open(name: string, manifest: Manifest): Promise<LiveVerifier> {
    if (manifest.content.kind === 'replay-raw') {
      throw new VerifyError('replayed raw lines carry no identity: verify them when the run is over');
    }
    return new LiveVerifier(name, await Expectation.open(manifest));
  }

  /** Judges a finished file and deletes it. */
  async take(path: string): Promise<void> {
    this.#judge.beginFile(path);
    await readLines(path, 0, this.#judge);
    this.#files++;
    this.#bytes += (await stat(path)).size;
    await rm(path);
  }

  conclude(manifest: Manifest): DestinationVerdict {
    const expectations = [this.#expectation];
    this.#expectation.conclude(manifest);
    this.#expectation.payload.close();
    const [name, found, lost] = [this.#name, this.#judge, lostOf(expectations)];
    return verdictOf({
      ...{ name, found, lost, expectations, latency: null },
      ...{ files: this.#files, bytes: this.#bytes },
    });
  }
}
