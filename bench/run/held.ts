// A generator that is held writes on when somebody makes room in its folder. Where nobody ever will, the run must end.

import type { GeneratorProgress } from '../generator/spec.ts';
import { BenchError } from '../run-error.ts';
import type { Tool } from '../tools/tool.ts';

export interface HeldLimits {
  /** By the wall clock: until then a fault may be what holds it. */
  readonly faultsEndMs: number;
  /** Held for so long without a byte written. */
  readonly noProgressMs: number;
}

export class HeldGenerator {
  readonly #tool: Pick<Tool, 'name' | 'accounts'>;
  readonly #limits: HeldLimits;
  #bytes = -1;
  #since = 0;

  constructor(tool: Pick<Tool, 'name' | 'accounts'>, limits: HeldLimits) {
    this.#tool = tool;
    this.#limits = limits;
  }

  /** @throws BenchError of code `run` where it has been held for too long */
  check({ bytes, heldMs }: Pick<GeneratorProgress, 'bytes' | 'heldMs'>, nowMs: number): void {
    if (heldMs === 0 || bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#since = nowMs;
    }
    const heldSince = Math.max(this.#since, this.#limits.faultsEndMs);
    if (heldMs === 0 || nowMs - heldSince < this.#limits.noProgressMs) return;
    const seconds = Math.round((nowMs - heldSince) / 1000);
    const { name, accounts } = this.#tool;
    const why =
      accounts === null
        ? `${name} does not tell what it has taken, so nothing may be deleted; raise generator.sourceKeepBytes, or expire`
        : `${name} takes nothing of it`;
    throw new BenchError('run', `the generator has been held for ${seconds} s and gets no room: ${why}`);
  }
}
