// Rows of `timestamp,value` CSV files as metric samples: the name of the file is the measurement, the number is
// kept digit for digit, the recorded timestamp gives way to the intended send time.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { SpecError } from './errors.ts';
import type { MetricSample } from './format.ts';

/** All samples are kept in memory as templates, at about 300 bytes each. */
const ROWS_MAX = 2_000_000;
/** Texts that are numbers in JSON, Influx line protocol and Graphite alike. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The rows of all files, file by file, in order. */
export async function csvSamples(files: readonly string[]): Promise<readonly MetricSample[]> {
  const samples: MetricSample[] = [];
  for (const file of files) {
    const measurement = basename(file)
      .replace(/\.[^.]*$/, '')
      .replace(/[^A-Za-z0-9_.-]/g, '_');
    const lines = (await readFile(file, 'latin1')).split('\n');
    for (const [index, line] of lines.entries()) {
      const sample = sampleOf(measurement, line.trim(), index, file);
      if (sample) samples.push(sample);
      if (samples.length > ROWS_MAX) {
        throw new SpecError(
          `more than ${ROWS_MAX} rows to replay as metrics: use fewer files, or replay-raw`,
        );
      }
    }
  }
  if (samples.length === 0) throw new SpecError(`no rows "timestamp,value" in ${files.join(', ')}`);
  return samples;
}

function sampleOf(measurement: string, line: string, index: number, file: string): MetricSample | null {
  if (line === '') return null;
  const value = line.slice(line.lastIndexOf(',') + 1).trim();
  if (line.includes(',') && value !== '' && Number.isFinite(Number(value))) {
    return { measurement, tags: [], fields: [['value', NUMBER.test(value) ? value : String(Number(value))]] };
  }
  if (index === 0) return null; // the header
  throw new SpecError(
    `${file}:${index + 1}: expected "timestamp,value" with a number, found ${JSON.stringify(line.slice(0, 60))}`,
  );
}
