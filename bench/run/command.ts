// `run SCENARIO`: from the command line to a result, a report and an exit status.

import { resolve } from 'node:path';
import { renderSummary } from '../report/summary.ts';
import type { Result } from '../result.ts';
import { BenchError } from '../run-error.ts';
import type { Scenario } from '../scenario.ts';
import { loadScenario } from '../scenario-file.ts';
import { toolNamed } from '../tools/registry.ts';
import type { Tool } from '../tools/tool.ts';
import { onStanding, standingChain } from './chain.ts';
import { jsonLine, outFolder, writeResult } from './output.ts';
import { type Overrides, planRun, type RunPlan, withOverrides } from './plan.ts';
import { ProgressLine } from './progress.ts';
import { executeRun, type RunContext } from './run.ts';
import { findSustained } from './sustained.ts';

export interface RunCommand {
  readonly scenario: string;
  readonly overrides: Overrides;
  readonly out: string | undefined;
  readonly dir: string | undefined;
  readonly json: boolean;
  readonly attach: boolean;
  readonly keep: boolean;
}

const WIDTH = 100;

export async function runCommand(root: string, command: RunCommand, signal: AbortSignal): Promise<number> {
  const file = await loadScenario(root, command.scenario);
  const asked = withOverrides(file, command.overrides);
  const wanted = command.attach ? onStanding(asked, await standingChain(root)) : asked;
  const tool = toolNamed(wanted.chain.tool);
  const found = await tool.locate(root);
  if (!found.found)
    throw new BenchError('tool-missing', `${tool.name}: not run; to get it: ${found.howToGet}`);
  const scenario = withOverrides({ ...file, scenario: wanted }, possible(tool, wanted));
  const outDir = outFolder(root, command.out, scenario.name, tool.name);
  // With --json standard output holds the object and nothing that a program would have to skip.
  const talk = command.json ? process.stderr : process.stdout;
  const line = new ProgressLine(talk);
  const { attach, keep } = command;
  const context: RunContext = { root, outDir, keep, attach, brief: false, signal, line };
  const elsewhere = command.dir === undefined ? undefined : resolve(command.dir);
  const planOf = (changed: Overrides): RunPlan => {
    const changedScenario = withOverrides({ ...file, scenario }, changed);
    return planRun(root, file, changedScenario, tool, found, elsewhere);
  };
  line.say(
    `${scenario.name}: ${tool.name} ${found.version}, ${scenario.generator.rate.text}, ${scenario.durability}`,
  );
  const result =
    scenario.generator.rate.kind === 'max'
      ? await findSustained(context, planOf)
      : await executeRun(context, planOf({}));
  const report = await writeResult(outDir, result);
  const width = talk.columns ?? WIDTH;
  talk.write(`\n${renderSummary(result, { color: talk.isTTY, width })}\nreport: ${report}\n`);
  if (command.json) process.stdout.write(`${jsonLine(result, outDir)}\n`);
  return exitStatusOf(result, signal);
}

/** A tool that cannot sync is run without, and the result says `os`. */
function possible(tool: Tool, { durability }: Scenario): Overrides {
  const [fallback] = tool.features.durabilities;
  if (fallback === undefined || tool.features.durabilities.includes(durability)) return {};
  return { durability: fallback };
}

function exitStatusOf(result: Result, signal: AbortSignal): number {
  if (signal.aborted) return 130;
  return result.verdict === 'pass' ? 0 : 1;
}
