// A file that is new to the log: held back for as long as it may be the copy of another one.

import type fs from 'node:fs/promises';
import type { Copies, Verdict } from './copies.ts';
import { REMARKS } from './doubt.ts';

export interface Judgement {
  readonly verdict: 'own' | 'wait' | number;
  /** What is to be said. */
  readonly remark: string | null;
}

/** The file that it may be the copy of, and whether that was said: it is held back for long then. */
export interface Likeness {
  readonly of: string;
  readonly told: boolean;
}

const NOTHING_NEW: Judgement = { verdict: 'wait', remark: null };

export class Newcomer {
  readonly #copies: Copies;
  readonly #foundAt: number;
  /** What was known when it was last judged. */
  #judged = { size: -1, version: -1 };
  #like: string | null = null;
  #isTold = false;

  constructor(copies: Copies, foundAt: number) {
    this.#copies = copies;
    this.#foundAt = foundAt;
  }

  get likeness(): Likeness | null {
    return this.#like === null ? null : { of: this.#like, told: this.#isTold };
  }

  async judge(
    { handle, size, grewAt }: { handle: fs.FileHandle; size: number; grewAt: number },
    now: number,
  ): Promise<Judgement> {
    const { version } = this.#copies;
    const isKnown = this.#judged.size === size && this.#judged.version === version;
    if (size === 0 || (isKnown && !this.#copies.isQuiet({ grewAt }, now))) return NOTHING_NEW;
    const verdict = await this.#copies.judge({ handle, size, foundAt: this.#foundAt, grewAt }, now);
    // what could not be read is judged again
    this.#judged = { size, version };
    const before = this.#like;
    this.#like = typeof verdict === 'object' ? verdict.like : null;
    return typeof verdict === 'object' ? this.#wait(now) : settled(verdict, this.#isTold ? before : null);
  }

  #wait(now: number): Judgement {
    if (this.#like === null || this.#isTold || !this.#copies.isLate(this.#foundAt, now)) return NOTHING_NEW;
    this.#isTold = true;
    return { verdict: 'wait', remark: heldBack(this.#like) };
  }
}

/** @param told the file that it was said to be like. */
function settled(verdict: Exclude<Verdict, object>, told: string | null): Judgement {
  if (verdict !== 'own') return { verdict, remark: REMARKS.new };
  const remark = told === null ? null : `the file is no copy of ${told}: it is read from its beginning`;
  return { verdict, remark };
}

function heldBack(like: string): string {
  return `the file is held back, because so far its bytes are those of ${like}, and a copy that is made before a truncation looks like that: it is read when it has not grown for rescanMs, or after thirty times that`;
}
