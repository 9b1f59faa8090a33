// `lsevents [DIR] [--watch [SECONDS]] [--json]`: what is in an events directory, and what comes and goes.
//
// Without DIR it is the events directory of the instance this shell is in, else the current directory. Rates are
// measured between two readings: half a second apart, or from one refresh to the next.

import { basename, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import picomatch from 'picomatch';
import { readAcknowledged } from './events/acknowledged.ts';
import { Census, type Reading } from './events/census.ts';
import { type Acknowledged, arrivalsBetween, departuresBetween } from './events/rates.ts';
import { renderJson, renderTable, type View } from './events/table.ts';
import { findInstance, type Instance, instanceAbove } from './instance.ts';

const SAMPLE_MS = 500;
const WATCH_SECONDS = 1;
/** Lines of the table that are not files. */
const FRAME_LINES = 7;
const USAGE = 'usage: lsevents [DIR] [--watch [SECONDS]] [--json]';

interface Request {
  readonly dir: string | null;
  readonly watchMs: number | null;
  readonly json: boolean;
}

interface Target {
  readonly id: string | null;
  readonly dir: string;
  readonly http: string | null;
  readonly isEventFile: (name: string) => boolean;
}

interface Moment {
  readonly reading: Reading;
  readonly acknowledged: Acknowledged | null;
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseArguments(args);
  if (request === null) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const target = findTarget(request.dir);
  const census = new Census(target.dir, target.isEventFile);
  await census.read(); // counts whatever there is, which may take a while; rates are measured from the next on
  let before = await look(census, target);
  if (request.watchMs !== null && process.stdout.isTTY) process.stdout.write('\x1b[2J');
  let waitMs = Math.min(SAMPLE_MS, request.watchMs ?? SAMPLE_MS); // the first one soon, however slow the rest
  do {
    await delay(waitMs);
    const after = await look(census, target);
    show(viewOf(target, before, after), request);
    before = after;
    waitMs = request.watchMs ?? 0;
  } while (request.watchMs !== null);
  return 0;
}

/** null: not understood. */
function parseArguments(args: readonly string[]): Request | null {
  let [dir, watchMs, json]: [string | null, number | null, boolean] = [null, null, false];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--json') json = true;
    else if (word === '--watch') {
      const seconds = /^\d+(\.\d+)?$/.test(rest[0] ?? '') ? Number(rest.shift()) : WATCH_SECONDS;
      if (seconds < 0.05 || seconds > 86_400) return null;
      watchMs = seconds * 1000;
    } else if (word.startsWith('-') || dir !== null) return null;
    else dir = word;
  }
  return { dir, watchMs, json };
}

function findTarget(given: string | null): Target {
  const instance = given === null ? findInstance(process.cwd(), process.env) : instanceAbove(given);
  const dir = resolve(given ?? instance?.eventsDir ?? '.');
  if (instance !== null && dir === instance.eventsDir) return ofInstance(instance);
  return { id: null, dir, http: null, isEventFile: isData };
}

function ofInstance({ id, eventsDir, http, include }: Instance): Target {
  const matches = picomatch([...include]);
  return { id, dir: eventsDir, http, isEventFile: (name) => matches(basename(name)) };
}

/** Whatever lies there, but for what an agent keeps beside its segments. */
function isData(name: string): boolean {
  return !name.startsWith('.') && name !== 'LOCK' && name !== 'identity.json';
}

async function look(census: Census, target: Target): Promise<Moment> {
  const acknowledged = target.http === null ? null : await readAcknowledged(target.http);
  return { reading: await census.read(), acknowledged };
}

function viewOf({ id, dir }: Target, before: Moment, after: Moment): View {
  const arrivals = arrivalsBetween(before.reading, after.reading);
  const departures =
    before.acknowledged === null || after.acknowledged === null
      ? null
      : departuresBetween(before.acknowledged, after.acknowledged);
  return { id, dir, reading: after.reading, arrivals, departures };
}

function show(view: View, { json, watchMs }: Request): void {
  const { stdout } = process;
  if (json) stdout.write(`${renderJson(view)}\n`);
  else if (watchMs === null) stdout.write(`${renderTable(view, Number.POSITIVE_INFINITY).join('\n')}\n`);
  else if (!stdout.isTTY) stdout.write(`${renderTable(view, Number.POSITIVE_INFINITY).join('\n')}\n\n`);
  else {
    // From the top left: each line to its end, then whatever was below.
    const lines = renderTable(view, stdout.rows - FRAME_LINES).map((line) => line.slice(0, stdout.columns));
    stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
  }
}

process.stdout.on('error', () => process.exit(0)); // whoever read us has seen enough (`lsevents | head`)
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`lsevents: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
