// What a rival says of itself, beside what its event files say. A counter that is wrong loses nobody's events, and one
// that is right saves none: it is shown, and never judged.

import type { PreparedNode } from '../chain/node-setup.ts';
import { messageOf } from '../run-error.ts';
import type { Tool, ToolCounters } from '../tools/tool.ts';
import { linesOf } from './conservation.ts';
import type { Evidence } from './evidence.ts';

const ASK_MS = 3000;

export async function readCounters(
  tool: Tool,
  nodes: readonly PreparedNode[],
  onNote: (text: string) => void,
): Promise<ReadonlyMap<string, ToolCounters>> {
  const counters = new Map<string, ToolCounters>();
  for (const { node, view } of nodes) {
    if (tool.counters === undefined) break;
    try {
      counters.set(node.id, await inTime(tool.counters(view)));
    } catch (error) {
      onNote(`${node.id} did not tell its own counters: ${messageOf(error)}`);
    }
  }
  return counters;
}

export function counterNotes({ counters, books, manifest }: Evidence): string[] {
  const found = (id: string) => books.nodes.find((node) => node.id === id);
  const lines = (id: string) => {
    const verdict = found(id)?.verdict ?? null;
    return verdict === null ? null : linesOf(verdict);
  };
  return [...(counters ?? [])].flatMap(([id, said]) => {
    const node = found(id);
    const taken = node?.from === null ? (manifest?.events ?? null) : lines(id);
    const given = (node?.to ?? []).map(lines);
    return [
      ...compared(id, 'received', said.received, taken),
      ...compared(id, 'sent', said.sent, given.includes(null) ? null : sum(given)),
    ];
  });
}

function compared(id: string, what: string, said: number | undefined, found: number | null): string[] {
  if (said === undefined || found === null) return [];
  const agrees = said === found ? 'which agrees with' : `which disagrees with the ${found} of`;
  return [
    `${id} says that it ${what} ${said} events, ${agrees} the event files (its own counter: not judged)`,
  ];
}

function sum(parts: readonly (number | null)[]): number {
  return parts.reduce<number>((total, part) => total + (part ?? 0), 0);
}

async function inTime(asked: Promise<ToolCounters>): Promise<ToolCounters> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer in ${ASK_MS} ms`)), ASK_MS);
  try {
    return await Promise.race([asked, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
