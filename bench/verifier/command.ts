// `verify --manifest FILE [--manifest FILE] EVENTS...`: judges any event files, whoever forwarded them.

import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { SpecError } from '../generator/errors.ts';
import { readManifest } from '../generator/manifest.ts';
import { VerifyError } from './errors.ts';
import { listEventFiles } from './order.ts';
import { isClean, summary } from './summary.ts';
import { verify } from './verify.ts';

export const VERIFY_USAGE = `usage: verify --manifest FILE [--manifest FILE]... [--include GLOB]... [--json] EVENTS...

EVENTS are event files or directories of them, in writing order. Inside a directory the order is: x.log.2
before x.log.1 before x.log; else by the number in the names; else by the time of the last change. --include says which
files of a directory are event files (default: *.log, *.log.*, *.log-*).
Exit status: 0 if every event arrived once, intact and in order; 1 if not; 2 for bad usage.
`;

const OPTIONS = {
  manifest: { type: 'string', multiple: true },
  include: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Returns the exit status; `argv` is what follows the word `verify`. */
export async function verifyCommand(argv: readonly string[]): Promise<number> {
  try {
    return await judge(argv);
  } catch (cause) {
    if (!isUsersMistake(cause)) throw cause;
    process.stderr.write(`verify: ${cause.message}\n`);
    return 2;
  }
}

async function judge(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  if (values.help) {
    process.stdout.write(VERIFY_USAGE);
    return 0;
  }
  if (!values.manifest) throw new VerifyError(`no --manifest was given\n${VERIFY_USAGE}`);
  if (positionals.length === 0) throw new VerifyError(`no event files were given\n${VERIFY_USAGE}`);
  const manifests = await Promise.all(values.manifest.map(readManifest));
  for (const [index, { final, events }] of manifests.entries()) {
    if (final) continue;
    const path = values.manifest[index];
    process.stderr.write(
      `verify: warning: ${path} is not final (the generator was killed, or still runs): judged against its ` +
        `high-water mark of ${events} events and whatever was found beyond\n`,
    );
  }
  const eventFiles = await filesOf(positionals, values.include);
  const verdict = await verify({ name: positionals.join(' '), manifests, eventFiles });
  process.stdout.write(values.json ? `${JSON.stringify(verdict)}\n` : summary(verdict));
  return isClean(verdict) ? 0 : 1;
}

async function filesOf(
  paths: readonly string[],
  include: readonly string[] | undefined,
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const stats = await stat(path).catch((cause: Error) => {
      throw new VerifyError(`cannot read ${path}: ${cause.message}`, { cause });
    });
    if (stats.isDirectory()) files.push(...(await listEventFiles(path, include)));
    else files.push(path);
  }
  return files;
}

/** Includes what parseArgs throws: an unknown option, a missing value. */
function isUsersMistake(cause: unknown): cause is Error {
  if (cause instanceof VerifyError || cause instanceof SpecError) return true;
  return cause instanceof TypeError && 'code' in cause && String(cause.code).startsWith('ERR_PARSE_ARGS');
}
