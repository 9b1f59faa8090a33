// One scenario from the command line's options to a result, a report and a summary.

import { resolve } from 'node:path';
import { FOUND_THERE, machinesFor, onMachines } from '../remote/prepare.ts';
import { executeRemoteRun } from '../remote/run.ts';
import { renderSummary } from '../report/summary.ts';
import type { Result } from '../result.ts';
import { BenchError } from '../run-error.ts';
import { chainToolName, type Scenario } from '../scenario.ts';
import type { ScenarioFile } from '../scenario-file.ts';
import { toolNamed } from '../tools/registry.ts';
import type { FoundTool, Tool } from '../tools/tool.ts';
import { onStanding, standingChain } from './chain.ts';
import { jsonLine, outFolder, writeResult } from './output.ts';
import { type Overrides, planRun, type RunPlan, withOverrides } from './plan.ts';
import { ProgressLine } from './progress.ts';
import { rivalRate } from './rival-rate.ts';
import { executeRun, type RunContext } from './run.ts';
import { findSustained } from './sustained.ts';

export interface RunCommand {
  readonly scenario: string;
  readonly overrides: Overrides;
  readonly out: string | undefined;
  readonly dir: string | undefined;
  readonly json: boolean;
  readonly attach: boolean;
  /** A file of machines: through a chain of those. */
  readonly chain?: string | undefined;
  readonly keep: boolean;
  /** Of a comparison. */
  readonly compare?: {
    readonly full: boolean;
    readonly tools: readonly string[] | undefined;
    readonly rows: readonly string[] | undefined;
  };
}

const WIDTH = 100;

/** A scenario with everything the command line says, ready to be run. */
export interface PreparedRun {
  readonly root: string;
  readonly scenario: Scenario;
  readonly found: FoundTool;
  readonly tool: Tool;
  readonly outDir: string;
  readonly planOf: (changed: Overrides) => RunPlan;
  /** What was decided for the run, beside what the user said. */
  readonly notes: readonly string[];
  readonly execute: (context: RunContext, plan: RunPlan) => Promise<Result>;
}

export async function prepareRun(
  root: string,
  file: ScenarioFile,
  command: RunCommand,
): Promise<PreparedRun> {
  const { tool: asWell, ...others } = command.overrides;
  const machines = command.chain === undefined ? null : await machinesFor(root, command.chain, command);
  // How many tools --tool must name, the machines say.
  const asked = withOverrides(file, machines !== null || asWell === undefined ? others : command.overrides);
  const wanted =
    machines !== null
      ? onMachines(asked, machines, command.overrides)
      : command.attach
        ? onStanding(asked, await standingChain(root))
        : asked;
  const tool = toolNamed(chainToolName(wanted.chain));
  const found = machines === null ? await tool.locate(root) : FOUND_THERE;
  if (!found.found)
    throw new BenchError('tool-missing', `${tool.name}: not run; to get it: ${found.howToGet}`);
  const slower = command.overrides.rate === undefined ? await rivalRate(root, tool, wanted) : null;
  const decided = { ...possible(tool, wanted), ...(slower !== null && { rate: slower.rate }) };
  const scenario = withOverrides({ ...file, scenario: wanted }, decided);
  const outDir = outFolder(root, command.out, scenario.name, tool.name);
  const elsewhere = command.dir === undefined ? undefined : resolve(command.dir);
  const planOf = (changed: Overrides): RunPlan => {
    const changedScenario = withOverrides({ ...file, scenario }, changed);
    return planRun(root, file, changedScenario, tool, found, elsewhere);
  };
  const execute: PreparedRun['execute'] =
    machines === null ? executeRun : (context, plan) => executeRemoteRun(context, plan, machines);
  const notes = slower === null ? [] : [slower.note];
  return { root, scenario, found, tool, outDir, planOf, notes, execute };
}

/** Runs it, writes result and report, and prints the summary. */
export async function performRun(
  { root, scenario, found, tool, outDir, planOf, notes, execute }: PreparedRun,
  { json, attach, keep }: RunCommand,
  signal: AbortSignal,
): Promise<Result> {
  // With --json standard output holds the object and nothing that a program would have to skip.
  const talk = json ? process.stderr : process.stdout;
  const line = new ProgressLine(talk);
  const context: RunContext = { root, outDir, keep, attach, brief: false, signal, line };
  line.say(
    `${scenario.name}: ${`${tool.name} ${found.version}`.trim()}, ${scenario.generator.rate.text}, ${scenario.durability}`,
  );
  for (const note of notes) line.say(note);
  const ran =
    scenario.generator.rate.kind === 'max'
      ? await findSustained(context, planOf, execute)
      : await execute(context, planOf({}));
  const result = { ...ran, notes: [...notes, ...ran.notes] };
  const report = await writeResult(outDir, result);
  const width = talk.columns || WIDTH;
  talk.write(`\n${renderSummary(result, { color: talk.isTTY, width })}\nreport: ${report}\n`);
  if (json) process.stdout.write(`${jsonLine(result, outDir)}\n`);
  return result;
}

/** A tool that cannot sync is run without, and the result says `os`. */
function possible(tool: Tool, { durability }: Scenario): Overrides {
  const [fallback] = tool.features.durabilities;
  if (fallback === undefined || tool.features.durabilities.includes(durability)) return {};
  return { durability: fallback };
}
