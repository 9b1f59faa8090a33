// What a tool is told on its command line, and the log directory it is about.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { describeSystemError, SpillwayError } from '../errors.ts';
import { realDisk } from '../log/disk.ts';
import { surveyNames } from '../log/survey.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** @throws SpillwayError `bad-usage` with the tool's usage. */
export function readArguments<const T extends Options>(args: readonly string[], options: T, usage: string) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw badUsage(error instanceof Error ? error.message : String(error), usage);
  }
}

export function badUsage(what: string, usage: string): SpillwayError {
  return new SpillwayError('bad-usage', `${what}\nusage: ${usage}`);
}

/** @throws SpillwayError `bad-usage` where the directory is missing or holds no log. */
export async function checkLogDirectory(dir: string): Promise<void> {
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(dir)).isDirectory();
  } catch (cause) {
    throw new SpillwayError('bad-usage', `cannot look into ${dir}: ${describeSystemError(cause)}`, { cause });
  }
  if (!isDirectory)
    throw new SpillwayError('bad-usage', `${dir} is a file, the directory of a log is expected`);
  const { journals } = await surveyNames(realDisk, dir);
  const identity = await stat(join(dir, 'identity.json')).catch(() => null);
  if (journals.length > 0 || identity !== null) return;
  throw new SpillwayError(
    'bad-usage',
    `${dir} holds no log of an agent (neither identity.json nor journals): give the directory that log.dir names`,
  );
}
