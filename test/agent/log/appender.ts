// A program for tests to kill: appends numbered lines to a log and prints the number of each that is durable.
// Status 3: the log was locked.

import { writeSync } from 'node:fs';
import { SpillwayError } from '../../../agent/errors.ts';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import { appendLines, sourceOf } from './lines.ts';

const UNDER_WAY_MAX = 16;

const options = JSON.parse(process.argv[2] ?? '') as LogOptions;
const log = await EventLog.open(options).catch((error: unknown) => {
  if (error instanceof SpillwayError && error.code === 'locked') process.exit(3);
  throw error;
});
const source = sourceOf(log);
const underWay = new Set<Promise<void>>();
for (let number = source.events; ; number++) {
  const done = appendLines(log, source, [`${number} ${'x'.repeat(number % 300)}`]).then(() => {
    underWay.delete(done);
    writeSync(1, `${number}\n`);
  });
  underWay.add(done);
  if (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
}
