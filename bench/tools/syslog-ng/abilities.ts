// What this syslog-ng can do, by its own syntax check: options were renamed between versions.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Program } from '../program.ts';

const run = promisify(execFile);
const CHECK_MS = 10_000;

/** By name: options of a network destination that only a syslog-ng accepts which can do it. */
const QUESTIONS = {
  'disk-buffer': 'disk-buffer(disk-buf-size(10485760) reliable(yes))',
  'capacity-bytes': 'disk-buffer(capacity-bytes(10485760) reliable(yes) flow-control-window-bytes(1048576))',
  failover: 'failover(servers("127.0.0.2"))',
} as const;

/** `modules`: its arguments for modules in a place of their own; `branch`: the version for the configuration. */
export async function abilitiesOf(
  { binary, env }: Pick<Program, 'binary' | 'env'>,
  modules: readonly string[],
  branch: string,
): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-syslog-ng-'));
  const accepts = async (name: string, options: string): Promise<boolean> => {
    const file = join(dir, `${name}.conf`);
    const destination = `destination d { network("127.0.0.1" port(1) ${options}); };`;
    await writeFile(file, `@version: ${branch}\n${destination}\nlog { destination(d); };\n`);
    const args = ['-s', '-f', file, '--no-caps', ...modules];
    return run(binary, args, { env: { ...process.env, ...env }, timeout: CHECK_MS }).then(
      () => true,
      () => false,
    );
  };
  try {
    const answers = await Promise.all(
      Object.entries(QUESTIONS).map(async ([name, options]) =>
        (await accepts(name, options)) ? [name] : [],
      ),
    );
    return answers.flat();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
