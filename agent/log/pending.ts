// What sources have handed over and is not committed: its bytes are bounded, and whoever hands over more waits.

import type { Item } from './group.ts';
import { RecordType } from './record.ts';

export class Pending {
  readonly #bytesMax: number;
  #items: Item[] = [];
  #bytes = 0;
  #room: PromiseWithResolvers<void> | null = null;
  /** Sources whose forgetting waits to be committed: nothing may come behind it. */
  readonly #leaving = new Set<number>();
  #isClosed = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Of everything that is not settled, what is being written included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What no group has taken yet, oldest first; a group takes its items off it. */
  get items(): Item[] {
    return this.#items;
  }

  isLeaving(source: number): boolean {
    return this.#leaving.has(source);
  }

  /** Resolves when less than the limit waits. */
  async room(): Promise<void> {
    while (this.#bytes >= this.#bytesMax && !this.#isClosed) {
      this.#room ??= Promise.withResolvers();
      await this.#room.promise;
    }
  }

  push(item: Item): void {
    this.#bytes += item.append?.bytes ?? 0;
    if (item.note?.type === RecordType.forget) this.#leaving.add(item.note.source);
    this.#items.push(item);
  }

  /** Takes off everything that no group has taken. */
  drain(): readonly Item[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** Tells those who handed them over. */
  settle(items: readonly Item[], error: Error | null): void {
    for (const item of items) {
      this.#bytes -= item.append?.bytes ?? 0;
      if (item.note?.type === RecordType.forget) this.#leaving.delete(item.note.source);
      if (error === null) item.resolve();
      else item.reject(error);
    }
    if (this.#bytes < this.#bytesMax) this.#letIn();
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    this.#letIn();
  }

  #letIn(): void {
    this.#room?.resolve();
    this.#room = null;
  }
}
