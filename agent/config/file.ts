// The text of a configuration file.

import { SpillwayError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';

const CONFIG_BYTES_MAX = 1024 * 1024;

/** @throws SpillwayError `config` */
export async function readConfigFile(file: string): Promise<string> {
  try {
    return await readRegularFile(file, CONFIG_BYTES_MAX);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SpillwayError('config', `cannot read configuration ${file}: ${why}`, { cause, data: { file } });
  }
}
