// `tools --probe NAME`: what a tool does to awkward lines, as a table, and with --json as one object.

import { BenchError } from '../run-error.ts';
import { toolNamed } from '../tools/registry.ts';
import { FIDELITY_CASES } from './cases.ts';
import { probeFidelity } from './probe.ts';

const NAME_WIDTH = 22;
const FATE_WIDTH = 9;

/** Exit status 0: every case was probed, whatever became of it. */
export async function probeCommand(
  root: string,
  names: readonly string[],
  json: boolean,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<number> {
  const tools = names.map(toolNamed);
  for (const tool of tools) {
    const found = await tool.locate(root);
    if (!found.found)
      throw new BenchError('tool-missing', `${tool.name}: not run; to get it: ${found.howToGet}`);
    const fidelity = await probeFidelity(root, tool, found, signal);
    if (json) {
      say(JSON.stringify(fidelity));
      continue;
    }
    say(`${fidelity.tool} ${fidelity.version}`);
    for (const { name, fate, detail } of fidelity.cases) {
      say(`  ${name.padEnd(NAME_WIDTH)} ${fate.padEnd(FATE_WIDTH)} ${detail}`.trimEnd());
    }
    for (const { name } of FIDELITY_CASES.slice(fidelity.cases.length)) {
      say(`  ${name.padEnd(NAME_WIDTH)} not sent`);
    }
  }
  return 0;
}
