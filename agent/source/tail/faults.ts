// What was last said of files that something fails with, by their paths: the same is said once, however often it is
// tried again. Only of files that are followed: there are never more of these than of those.

export interface Fault {
  readonly text: string;
  /** Not tried again before that; by performance.now(). */
  readonly until: number;
}

export class FileFaults {
  readonly #faults = new Map<string, Fault>();

  /** Files that something fails with now. */
  get size(): number {
    return this.#faults.size;
  }

  /** @returns whether that is news. */
  note(path: string, error: unknown, until = 0): boolean {
    const text = error instanceof Error ? error.message : String(error);
    const isNews = this.#faults.get(path)?.text !== text;
    this.#faults.set(path, { text, until });
    return isNews;
  }

  /** Whether it is to be left alone for now. */
  isPending(path: string, now: number): boolean {
    const fault = this.#faults.get(path);
    return fault !== undefined && fault.until > now;
  }

  over(path: string): void {
    this.#faults.delete(path);
  }

  /** Forgets those of all other files. */
  keepOf(files: Iterable<{ readonly path: string }>): void {
    if (this.#faults.size === 0) return;
    const paths = new Set<string>();
    for (const { path } of files) paths.add(path);
    for (const path of this.#faults.keys()) if (!paths.has(path)) this.#faults.delete(path);
  }
}
