// Sets of the 256 slots of keyHash: which part of a range of the log a member is given. As text, 44 characters.

import { SLOTS } from './key-slots.ts';

/** A bit for each slot. */
export type SlotSet = Uint8Array;

export function slotSet(slots: Iterable<number>): SlotSet {
  const set = new Uint8Array(SLOTS / 8);
  for (const slot of slots) set[slot >> 3] = (set[slot >> 3] ?? 0) | (1 << (slot & 7));
  return set;
}

export function hasSlot(set: SlotSet, slot: number): boolean {
  return ((set[slot >> 3] ?? 0) & (1 << (slot & 7))) !== 0;
}

export function isWithin(inner: SlotSet, outer: SlotSet): boolean {
  return inner.every((bits, at) => (bits & ~(outer[at] ?? 0)) === 0);
}

export function overlaps(a: SlotSet, b: SlotSet): boolean {
  return a.some((bits, at) => (bits & (b[at] ?? 0)) !== 0);
}

export function slotsToText(set: SlotSet): string {
  return Buffer.from(set).toString('base64');
}

export function slotsFromText(text: string): SlotSet {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
