// `agent dump DIR`: the events of a range, byte for byte as they came, on standard output. Only batches that check out
// are printed; what lies between them and is not printed is told on standard error.
//
// An event belongs to a range of offsets if its first byte does; to a range of times if its batch came in it.

import { countEvents, NEWLINE } from '../bytes.ts';
import { realDisk } from '../log/disk.ts';
import { SourceTable } from '../log/sources.ts';
import { applyEntry, entriesOf, surveyJournal, surveyNames } from '../log/survey.ts';
import { badUsage, checkLogDirectory, readArguments } from './arguments.ts';
import { batchesIn, type Found, type Range } from './batches.ts';
import { dumpInDoubt } from './in-doubt.ts';
import { endWithReader, plural, print, time } from './output.ts';
import { type Point, parsePoint } from './point.ts';
import { DUMP_USAGE } from './usage.ts';

type Batch = Found & { readonly kind: 'batch' };

const WHY = {
  damaged: 'the bytes are not what was written',
  unknown: 'no record says what lies there',
  gone: 'the segment is gone',
} as const;

/** @returns 0; 1 where something in the range cannot be printed. */
export async function dump(args: readonly string[]): Promise<number> {
  const options = {
    from: { type: 'string' },
    to: { type: 'string' },
    events: { type: 'string' },
    source: { type: 'string' },
    headers: { type: 'boolean' },
    'in-doubt': { type: 'boolean' },
    json: { type: 'boolean' },
  } as const;
  const { values, positionals } = readArguments(args, options, DUMP_USAGE);
  const [dir, ...more] = positionals;
  if (dir === undefined || more.length > 0) throw badUsage('one directory is expected', DUMP_USAGE);
  if (values['in-doubt'] === true) {
    const others = Object.keys(values).filter((key) => key !== 'in-doubt' && key !== 'json');
    if (others.length > 0) throw badUsage(`--in-doubt does not go with --${others[0]}`, DUMP_USAGE);
    await checkLogDirectory(dir);
    endWithReader();
    return await dumpInDoubt(dir, values.json === true);
  }
  let left = limitOf(values.events);
  const from = parsePoint(values.from ?? 'oldest', '--from');
  const to = parsePoint(values.to ?? 'newest', '--to');
  await checkLogDirectory(dir);
  const range = rangeOf(from, to, values.source ?? null);
  if (range.fromOffset > range.toOffset || range.fromMs > range.toMs)
    throw badUsage(
      `--from ${values.from} lies behind --to ${values.to}: nothing is between them`,
      DUMP_USAGE,
    );
  if (values.source !== undefined) await checkSource(dir, values.source);
  endWithReader();
  await tellExpired(dir, from);
  let gaps = 0;
  for await (const found of batchesIn(realDisk, dir, range)) {
    if (left <= 0) break;
    if (found.kind === 'gap') {
      gaps++;
      tell(found, values.json === true);
      continue;
    }
    const bytes = withinRange(found, range, left);
    if (bytes.length === 0) continue;
    if (values.json === true) await print(`${JSON.stringify(headerOf(found))}\n`);
    else {
      if (values.headers === true) await print(headerLine(found));
      await print(bytes);
    }
    if (left !== Number.POSITIVE_INFINITY) left -= countEvents(bytes);
  }
  return gaps === 0 ? 0 : 1;
}

async function checkSource(dir: string, source: string): Promise<void> {
  const table = new SourceTable();
  for (const base of (await surveyNames(realDisk, dir)).journals) {
    const journal = (await surveyJournal(realDisk, dir, base))?.journal;
    if (journal !== undefined) for (const entry of entriesOf(journal)) applyEntry(table, entry);
  }
  const owners = [...table.owners()].sort();
  if (owners.includes(source)) return;
  const known = owners.length === 0 ? 'none at all' : owners.join(', ');
  throw badUsage(`--source: the log has no source "${source}", expected one of ${known}`, DUMP_USAGE);
}

function limitOf(events: string | undefined): number {
  if (events === undefined) return Number.POSITIVE_INFINITY;
  if (/^\d+$/.test(events)) return Number(events);
  throw badUsage(`--events: found "${events}", expected a number of events`, DUMP_USAGE);
}

function rangeOf(from: Point, to: Point, owner: string | null): Range {
  return {
    fromOffset: from.by === 'offset' ? from.offset : from.by === 'newest' ? Number.POSITIVE_INFINITY : 0,
    toOffset: to.by === 'offset' ? to.offset : to.by === 'oldest' ? 0 : Number.POSITIVE_INFINITY,
    fromMs: from.by === 'time' ? from.ms : 0,
    toMs: to.by === 'time' ? to.ms : Number.POSITIVE_INFINITY,
    owner,
  };
}

/** Who asks for an offset that is no longer there should know. It is no damage. */
async function tellExpired(dir: string, from: Point): Promise<void> {
  const [oldest = 0] = (await surveyNames(realDisk, dir)).journals;
  if (from.by === 'offset' && from.offset < oldest)
    console.error(`agent: [${from.offset}, ${oldest}) is no longer in the log: it begins at ${oldest}`);
}

function tell({ from, to, events, why }: Found & { kind: 'gap' }, json: boolean): void {
  const what = events === null ? 'an unknown number of events' : plural(events, 'event');
  if (json) console.error(JSON.stringify({ gap: { from, to, events, why } }));
  else console.error(`agent: [${from}, ${to}) is left out, ${what}: ${WHY[why]}`);
}

/** The whole events of a batch that belong to the range, `events` at most. */
function withinRange({ record, bytes }: Batch, { fromOffset, toOffset }: Range, events: number): Buffer {
  const begin = firstEventFrom(bytes, fromOffset - record.from);
  const end = toOffset >= record.to ? bytes.length : firstEventFrom(bytes, toOffset - record.from);
  const within = bytes.subarray(begin, Math.max(begin, end));
  return events === Number.POSITIVE_INFINITY ? within : firstLines(within, events);
}

/** Where the first event begins at or behind a position. */
function firstEventFrom(bytes: Buffer, position: number): number {
  if (position <= 0) return 0;
  const newline = bytes.indexOf(NEWLINE, position - 1);
  return newline === -1 ? bytes.length : newline + 1;
}

function firstLines(bytes: Buffer, lines: number): Buffer {
  let end = 0;
  for (let line = 0; line < lines && end < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, end);
    end = newline === -1 ? bytes.length : newline + 1;
  }
  return bytes.subarray(0, end);
}

function headerOf({ record, owner }: Batch) {
  const { from, to, events, bytes, timeMs } = record;
  return { from, to, events, bytes, source: owner, time: time(timeMs) };
}

function headerLine(batch: Batch): string {
  const { from, to, events, bytes, source, time: came } = headerOf(batch);
  return `# [${from}, ${to}) ${plural(events, 'event')}, ${plural(bytes, 'byte')}, source ${source}, ${came}\n`;
}
