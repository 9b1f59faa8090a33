// At which rate a rival meets the faults of a scenario: the lesser of the scenario's rate and half of what it sustains.
// That is what `single-hop --rate max` measured for it last, as results/ has it, else what its adapter assumes; the run
// says which.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../result.ts';
import { BenchError } from '../run-error.ts';
import type { Scenario } from '../scenario.ts';
import type { Rate } from '../scenario-units.ts';
import type { Tool } from '../tools/tool.ts';
import { readResult } from './output.ts';

const RESULTS = 'results';
const MEASURED_BY = 'single-hop';
const SHARE = 0.5;

export interface RivalRate {
  readonly rate: Rate;
  /** For the result's notes. */
  readonly note: string;
}

/** null: the scenario's own rate. */
export async function rivalRate(root: string, tool: Tool, scenario: Scenario): Promise<RivalRate | null> {
  const { rate } = scenario.generator;
  const { sustainsPerMinute: assumed } = tool;
  if (assumed === null || scenario.steps.length === 0 || rate.kind !== 'schedule') return null;
  const measured = await measuredPerMinute(root, tool.name);
  const half = SHARE * (measured ?? assumed);
  if (half >= rate.eventsPerSecond * 60) return null;
  const text = `${millions(half)}M/min`;
  const source =
    measured === null
      ? `${tool.name} is taken to sustain (nobody has measured it here: run ${MEASURED_BY} --tool ${tool.name} --rate max)`
      : `${tool.name} sustained here`;
  return {
    rate: { kind: 'schedule', eventsPerSecond: half / 60, text },
    note: `faults at ${text} instead of ${rate.text}: half of the ${millions(2 * half)}M/min that ${source}`,
  };
}

/** By the latest of this tool's results that passed. */
async function measuredPerMinute(root: string, tool: string): Promise<number | null> {
  const names = await readdir(join(root, RESULTS)).catch(() => []);
  const results: Result[] = [];
  for (const name of names.filter((candidate) => candidate.includes(MEASURED_BY))) {
    // A folder of something else, or of a run that is still going on.
    const result = await readResult(join(root, RESULTS, name)).catch((error: unknown) => {
      if (error instanceof BenchError) return null;
      throw error;
    });
    if (result !== null) results.push(result);
  }
  const sustained = results.filter((result) => {
    return result.tool === tool && result.verdict === 'pass' && result.rate.startsWith('max: ');
  });
  return sustained.toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0]?.ratePerMinute ?? null;
}

function millions(perMinute: number): string {
  return String(Math.round(perMinute / 1e4) / 100);
}
