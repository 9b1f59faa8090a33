// infra/terraform.tfstate is in the repository and empty at rest. With resources in it somebody has a rig up, or lost
// one: to commit that takes a decision, SPILLWAY_STATE=up.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'infra/terraform.tfstate';

/** As it is, or will be, committed; an unpacked archive has no index. */
function committed(root: string): string {
  try {
    return execFileSync('git', ['show', `:${FILE}`], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return readFileSync(join(root, FILE), 'utf8');
  }
}

export function stateProblem(text: string): string | null {
  const { resources } = JSON.parse(text) as { resources?: { mode: string; type: string; name: string }[] };
  if (!Array.isArray(resources)) return `${FILE} is not a state of Terraform`;
  const managed = resources.filter(({ mode }) => mode === 'managed');
  if (managed.length === 0) return null;
  const names = managed.slice(0, 5).map(({ type, name }) => `${type}.${name}`);
  return `${FILE} is committed with ${managed.length} resources (${names.join(', ')}): ./destroy.sh, then commit it again; where a rig is meant to stay up: SPILLWAY_STATE=up`;
}

if (import.meta.main) {
  const problem = stateProblem(committed(join(import.meta.dirname, '..')));
  if (problem !== null) process.stderr.write(`${problem}\n`);
  process.exitCode = problem === null || process.env['SPILLWAY_STATE'] === 'up' ? 0 : 1;
}
