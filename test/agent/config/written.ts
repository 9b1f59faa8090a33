// Configurations written for a test: loaded, or refused for exactly the problems that the test expects.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type LoadOptions, loadConfig } from '../../../agent/config/load.ts';
import type { AgentConfig } from '../../../agent/config/schema.ts';
import { SpillwayError } from '../../../agent/errors.ts';

export const MINIMAL = 'id: instance2\nlog: { dir: events }\n';

export interface Written {
  readonly dir: string;
  readonly file: string;
}

export async function write(t: ExecutionContext, source: string): Promise<Written> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-config-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'spool'));
  const file = join(dir, 'agent.yaml');
  await writeFile(file, source);
  return { dir, file };
}

export async function load(t: ExecutionContext, source: string, options?: LoadOptions): Promise<AgentConfig> {
  return await loadConfig((await write(t, source)).file, options);
}

/** The problems that `source` is refused for, without the name of the file. */
export async function problemsOf(
  t: ExecutionContext,
  source: string,
  options?: LoadOptions,
): Promise<string[]> {
  const { dir, file } = await write(t, source);
  const error = await t.throwsAsync(loadConfig(file, options), { instanceOf: SpillwayError });
  t.is(error?.code, 'config');
  const problems = error?.data['problems'];
  if (!Array.isArray(problems)) throw new Error(`no problems in ${error?.message}`);
  for (const problem of problems) t.true(error?.message.includes(String(problem)));
  return problems.map((problem) => String(problem).replace(`${file}:`, '').replaceAll(dir, '<dir>'));
}

/** Asserts that `source`, with the minimum before it, is refused for exactly these problems. */
export async function refuses(
  t: ExecutionContext,
  source: string,
  problems: readonly string[],
): Promise<void> {
  t.deepEqual(await problemsOf(t, MINIMAL + source), problems);
}
