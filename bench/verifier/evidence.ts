// Lines that are not intact events: counted all, the first ones kept to look at.

import type { Evidence } from './spec.ts';

const KEPT_MAX = 10;
const TEXT_MAX = 200;

export class EvidenceList {
  count = 0;
  readonly examples: Evidence[] = [];

  add(file: string, offset: number, line: string): void {
    this.count++;
    if (this.examples.length >= KEPT_MAX) return;
    this.examples.push({ file, offset, text: JSON.stringify(line.slice(0, TEXT_MAX)).slice(0, TEXT_MAX) });
  }

  concat(other: EvidenceList): EvidenceList {
    const both = new EvidenceList();
    both.count = this.count + other.count;
    both.examples.push(...[...this.examples, ...other.examples].slice(0, KEPT_MAX));
    return both;
  }
}
