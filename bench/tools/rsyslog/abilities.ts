// What this rsyslogd can do, by its own configuration check: versions and distributions differ, manuals do not tell.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Program } from '../program.ts';

const run = promisify(execFile);
const CHECK_MS = 10_000;
const MODULES = 'LD_LIBRARY_PATH';

/** By name: a configuration that only a rsyslogd accepts which can do it. */
const QUESTIONS = {
  /** Modules of a package of their own. */
  relp: 'module(load="imrelp")\nmodule(load="omrelp")\naction(type="omrelp" target="127.0.0.1" port="1")\n',
  /** omfwd spreads over a list of targets (8.2408 and later). */
  pool: 'action(type="omfwd" target=["127.0.0.1", "127.0.0.2"] port="1" protocol="tcp")\n',
} as const;

export async function abilitiesOf(program: Pick<Program, 'binary' | 'env'>): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-rsyslog-'));
  try {
    const answers = await Promise.all(
      Object.entries(QUESTIONS).map(async ([ability, text]) => {
        const file = join(dir, `${ability}.conf`);
        await writeFile(file, text);
        return (await accepts(program, file)) ? [ability] : [];
      }),
    );
    return answers.flat();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function accepts({ binary, env }: Pick<Program, 'binary' | 'env'>, file: string): Promise<boolean> {
  const args = ['-N1', '-f', file, ...moduleArguments(env)];
  return run(binary, args, { env: { ...process.env, ...env }, timeout: CHECK_MS }).then(
    () => true,
    () => false,
  );
}

/** Unpacked into a prefix, its modules lie beside its libraries: the same folders, one level down. */
export function moduleArguments(env: Readonly<Record<string, string>>): string[] {
  const libraries = env[MODULES];
  if (libraries === undefined) return [];
  return [
    '-M',
    libraries
      .split(':')
      .map((folder) => join(folder, 'rsyslog'))
      .join(':'),
  ];
}
