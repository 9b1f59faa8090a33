// The fidelity probe: one hop of a tool, without load, through which awkward lines go one case after the other. What a
// tool alters is found here, and is never a surprise in a run.

import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalChain } from '../chain/chain.ts';
import { claimRunName } from '../chain/claim.ts';
import { EVENT_FILES, layoutChain } from '../chain/layout.ts';
import { BenchError } from '../run-error.ts';
import { type ChainShape, logSchema } from '../scenario.ts';
import type { FoundTool, Tool } from '../tools/tool.ts';
import { listEventFiles } from '../verifier/order.ts';
import { type CaseOutcome, FIDELITY_CASES, judgeCase, linesOf, markerOf } from './cases.ts';

export interface Fidelity {
  readonly tool: string;
  readonly version: string;
  readonly cases: readonly CaseOutcome[];
}

const POLL_MS = 50;
/** A JVM on a busy machine, a poll of a file every second, a flush every second. */
const ARRIVAL_MS = 30_000;
/** After the marker: a tool that reorders may still bring a line. */
const QUIET_MS = 300;

/** @throws BenchError of code `run` when the chain does not come up */
export async function probeFidelity(
  root: string,
  tool: Tool,
  found: FoundTool,
  signal: AbortSignal,
): Promise<Fidelity> {
  const shape: ChainShape = { instances: 1, fanOut: 1, tool: tool.name };
  const layout = layoutChain(root, await claimRunName(root), shape);
  const log = logSchema.parse({});
  const ended: string[] = [];
  const chain = new LocalChain(layout, {
    ...{ shape, tool, found, durability: tool.features.durabilities[0] ?? 'os', log },
    destinationKeepBytes: log.keep,
    onNote: () => undefined,
    onExit: ({ name }) => ended.push(name),
  });
  try {
    await chain.prepare(signal);
    for (const { id } of layout.nodes.toReversed()) await chain.start([id], signal);
    const [source, sink] = layout.nodes;
    if (source === undefined || sink === undefined) throw new BenchError('run', 'the chain has no hop');
    const cases = await probeCases(source.eventsDir, sink.eventsDir, signal);
    return { tool: tool.name, version: found.version, cases };
  } catch (error) {
    if (ended.length === 0) throw error;
    throw new BenchError('tool-failed', `${[...new Set(ended)].join(', ')} ended during the probe`, {
      cause: error,
    });
  } finally {
    await chain.stop();
    await chain.remove();
  }
}

async function probeCases(from: string, to: string, signal: AbortSignal): Promise<CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  let seen = 0;
  for (const [index, each] of FIDELITY_CASES.entries()) {
    const marker = markerOf(index);
    const text = [...each.lines, marker].flatMap((line) => [line, Buffer.from('\n')]);
    await appendFile(join(from, 'events-000001.log'), Buffer.concat(text));
    const isWhole = await arrived(to, marker, signal);
    const lines = (await linesIn(to)).slice(seen);
    seen += lines.length;
    outcomes.push(
      judgeCase(
        each,
        lines.filter((line) => !isMarker(line)),
        isWhole,
      ),
    );
    // Nothing that is sent after it would come.
    if (!isWhole) break;
  }
  return outcomes;
}

function isMarker(line: Buffer): boolean {
  return FIDELITY_CASES.some((_, index) => line.includes(markerOf(index)));
}

async function arrived(dir: string, marker: Buffer, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + ARRIVAL_MS;
  while (Date.now() < deadline) {
    const lines = await linesIn(dir);
    if (lines.some((line) => line.includes(marker))) {
      await delay(QUIET_MS, undefined, { signal });
      return true;
    }
    await delay(POLL_MS, undefined, { signal });
  }
  return false;
}

async function linesIn(dir: string): Promise<Buffer[]> {
  const files = await listEventFiles(dir, EVENT_FILES);
  const contents = await Promise.all(files.map((file) => readFile(file)));
  return linesOf(Buffer.concat(contents));
}
