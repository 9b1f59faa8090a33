// `run SCENARIO`: one scenario, a suite of them or a comparison, and an exit status.

import { runComparison } from '../compare/command.ts';
import { loadComparison, withRows } from '../compare/comparison-file.ts';
import { BenchError } from '../run-error.ts';
import { loadScenario } from '../scenario-file.ts';
import { loadSuite } from '../suite-file.ts';
import { performRun, prepareRun, type RunCommand } from './perform.ts';
import { runSuite } from './suite.ts';

export async function runCommand(root: string, command: RunCommand, signal: AbortSignal): Promise<number> {
  const comparison = await loadComparison(root, command.scenario);
  if (comparison !== null) {
    const { overrides, out, json, compare } = command;
    refuseOptions(command);
    const mode = compare?.full === true ? 'full' : 'quick';
    const options = { mode, tools: compare?.tools, seed: overrides.seed ?? 1, out, json } as const;
    return runComparison(root, withRows(comparison, compare?.rows), options, signal);
  }
  const { full = false, tools, rows } = command.compare ?? {};
  if (full || tools !== undefined || rows !== undefined) {
    throw new BenchError(
      'usage',
      `--full, --tools and --rows are for a comparison, which ${command.scenario} is not`,
    );
  }
  const suite = await loadSuite(root, command.scenario);
  if (suite !== null) return runSuite(root, suite, command, signal);
  const file = await loadScenario(root, command.scenario);
  const prepared = await prepareRun(root, file, command);
  const { verdict } = await performRun(prepared, command, signal);
  if (signal.aborted) return 130;
  return verdict === 'pass' ? 0 : 1;
}

/** What the comparison's file and its rows decide. */
function refuseOptions({ overrides, attach, dir }: RunCommand): void {
  const given = [
    ...(['tool', 'rate', 'durationMs', 'durability'] as const).filter((key) => overrides[key] !== undefined),
    ...(attach ? ['attach'] : []),
    ...(dir === undefined ? [] : ['dir']),
  ];
  if (given.length === 0) return;
  throw new BenchError(
    'usage',
    `a comparison decides by itself: ${given.join(', ')} cannot be given; --tools picks the tools, --rows the rows`,
  );
}
