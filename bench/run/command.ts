// `run SCENARIO`: one scenario, or a suite of them, and an exit status.

import { loadScenario } from '../scenario-file.ts';
import { loadSuite } from '../suite-file.ts';
import { performRun, prepareRun, type RunCommand } from './perform.ts';
import { runSuite } from './suite.ts';

export async function runCommand(root: string, command: RunCommand, signal: AbortSignal): Promise<number> {
  const suite = await loadSuite(root, command.scenario);
  if (suite !== null) return runSuite(root, suite, command, signal);
  const file = await loadScenario(root, command.scenario);
  const prepared = await prepareRun(root, file, command);
  const { verdict } = await performRun(prepared, command, signal);
  if (signal.aborted) return 130;
  return verdict === 'pass' ? 0 : 1;
}
