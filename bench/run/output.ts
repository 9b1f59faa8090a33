// The folder of a run: results/<time>-<scenario>-<tool>/ with result.json, report.html and the observer's files.

import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeWhole } from '../chain/chain-file.ts';
import { renderReport } from '../report/html.ts';
import type { Result } from '../result.ts';
import { BenchError, messageOf } from '../run-error.ts';

const RESULT = 'result.json';
const REPORT = 'report.html';

export function outFolder(root: string, given: string | undefined, scenario: string, tool: string): string {
  if (given !== undefined) return resolve(given);
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');
  return join(root, 'results', `${time}-${scenario}-${tool.replaceAll(/[:,]/g, '-')}`);
}

/** Returns the path of the report. */
export async function writeResult(outDir: string, result: Result): Promise<string> {
  await writeWhole(join(outDir, RESULT), `${JSON.stringify(result)}\n`);
  return writeReport(outDir, result);
}

export async function writeReport(outDir: string, result: Result): Promise<string> {
  const report = join(outDir, REPORT);
  await writeFile(report, renderReport(result));
  return report;
}

export async function readResult(outDir: string): Promise<Result> {
  const path = join(outDir, RESULT);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new BenchError('usage', `${path}: no result there; give the folder of a run`, { cause });
  });
  const parsed = parse(path, text);
  if (parsed.schema === 'spillway-result/1') return parsed as Result;
  throw new BenchError('usage', `${path}: schema ${String(parsed.schema)}, expected spillway-result/1`);
}

function parse(path: string, text: string): Partial<Result> {
  try {
    return JSON.parse(text) as Partial<Result>;
  } catch (cause) {
    throw new BenchError('usage', `${path} is no JSON (${messageOf(cause)}); run it again`, { cause });
  }
}

/** The contract of `--json`: one object, the last line of standard output. */
export function jsonLine(result: Result, outDir: string): string {
  const { verdict, scenario, tool, seed, sent, eventBytes, ratePerMinute } = result;
  return JSON.stringify({
    ...{ verdict, scenario, tool, seed, sent, eventBytes, ratePerMinute: Math.round(ratePerMinute) },
    rate: result.rate,
    durability: result.durability,
    mbPerSecond: result.mbPerSecond,
    destinations: result.destinations.map((destination) => ({
      name: destination.name,
      delivered: destination.delivered,
      lost: destination.lost.events,
      duplicated: destination.duplicated.events,
      reordered: destination.reordered.events,
      torn: destination.torn,
      foreign: destination.foreign,
    })),
    latencyMs: result.latencyMs,
    cpuSecondsPerMillion: result.cpuSecondsPerMillion,
    cpuCores: result.cpuCores,
    rssBytesMax: result.rssBytesMax,
    conservation: result.conservation.state,
    probes: result.probes,
    failures: result.failures,
    out: outDir,
  });
}
