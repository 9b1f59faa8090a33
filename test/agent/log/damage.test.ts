// A log whose files rotted while nobody looked: it always opens, delivers every batch that is whole, and never one
// that is not. The damage is done to the real files, one byte at a time and then at random.

import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { realDisk } from '../../../agent/log/disk.ts';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import { until } from '../source/until.ts';

const SEGMENT_BYTES = 64 * 1024;
const BATCHES = 40;

interface Written {
  readonly from: number;
  readonly bytes: Buffer;
}

function optionsFor(dir: string): LogOptions {
  return {
    dir,
    durability: 'fsync',
    segmentBytes: SEGMENT_BYTES,
    journalBytesMax: 64 * 1024,
    capBytes: 64 * 1024 * 1024,
    reserveBytes: 0,
    keepBytes: 64 * 1024 * 1024,
    keepAgeMs: 86_400_000,
    pendingBytesMax: 1024 * 1024,
  };
}

/** A closed log of several segments, and what is in it. */
async function writeLog(dir: string, clock?: () => number): Promise<Written[]> {
  const log = await EventLog.open(optionsFor(dir), realDisk, clock);
  const source = log.defineSource({ owner: 'o', key: 'k', identity: {}, position: 0 });
  const written: Written[] = [];
  let from = 0;
  for (let index = 0; index < BATCHES; index++) {
    const lines = 40 + ((index * 7) % 60);
    const bytes = Buffer.from(`batch ${index} ${'x'.repeat(60)}\n`.repeat(lines));
    const end = from + bytes.length;
    await log.append({
      source,
      from,
      end,
      chunks: [bytes],
      bytes: bytes.length,
      events: lines,
      crc: crc32(bytes),
      sequence: 0,
    });
    written.push({ from, bytes });
    from = end;
  }
  await log.close();
  return written;
}

interface Found {
  readonly delivered: Map<number, Buffer>;
  readonly gaps: { from: number; to: number }[];
  readonly end: number;
}

async function readAll(dir: string): Promise<Found> {
  const log = await EventLog.open(optionsFor(dir));
  const reader = log.reader(0);
  const delivered = new Map<number, Buffer>();
  const gaps: { from: number; to: number }[] = [];
  try {
    for (;;) {
      const result = await reader.next(Buffer.alloc(16 * 1024));
      if (result.kind === 'end') return { delivered, gaps, end: log.endOffset };
      if (result.kind === 'gap') gaps.push({ from: result.from, to: result.to });
      else for (const { record, bytes } of result.batches) delivered.set(record.from, Buffer.from(bytes));
    }
  } finally {
    await reader.close();
    await log.close();
  }
}

/** Everything is delivered but the batches at these offsets, which lie in gaps. */
function lostOnly(
  t: ExecutionContext,
  written: readonly Written[],
  found: Found,
  lost: readonly number[],
): void {
  for (const { from, bytes } of written) {
    const got = found.delivered.get(from);
    if (lost.includes(from)) {
      t.is(got, undefined, `the batch at ${from} is damaged and must not be delivered`);
      t.true(
        found.gaps.some((gap) => gap.from <= from && gap.to >= from + bytes.length),
        `${from} lies in a gap of ${JSON.stringify(found.gaps)}`,
      );
    } else {
      t.true(got?.equals(bytes), `the batch at ${from} is whole and must be delivered`);
    }
  }
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.writeUInt8((bytes[at] ?? 0) ^ 0x10, at);
  await writeFile(path, bytes);
}

async function inLog(
  run: (dir: string, written: Written[], names: string[]) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-damage-'));
  try {
    const written = await writeLog(dir);
    const names = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
    await run(dir, written, names);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const journalOf = (dir: string, name: string) => join(dir, 'journal', name.replace('.log', '.journal'));
const baseOf = (name: string) => Number(name.slice(0, 20));

for (const which of ['first', 'last'] as const) {
  const pick = (names: readonly string[]) => names.at(which === 'first' ? 0 : -1) ?? '';

  test(`a flipped bit in the data of the ${which} segment costs its batch only`, async (t) => {
    await inLog(async (dir, written, names) => {
      const inside = written.filter(({ from }) => from >= baseOf(pick(names)));
      const victim = inside[1] ?? inside[0];
      if (victim === undefined) throw new Error('no batch in the segment');
      await flip(join(dir, pick(names)), victim.from - baseOf(pick(names)) + 5);
      lostOnly(t, written, await readAll(dir), [victim.from]);
      t.is((await readdir(join(dir, 'quarantine'))).length, 1, 'what rotted is set aside');
    });
  });

  test(`a flipped bit in a record of the journal of the ${which} segment costs its batch only`, async (t) => {
    await inLog(async (dir, written, names) => {
      const path = journalOf(dir, pick(names));
      const inside = written.filter(({ from }) => from >= baseOf(pick(names)));
      const bytes = await readFile(path);
      // the second batch of the segment: it has one before it and, as a rule, one behind it
      const [, victim] = inside;
      if (victim === undefined || inside.length < 3) throw new Error('the segment has too few batches');
      const at = findRecord(bytes, victim.from);
      await flip(path, at + 33);
      lostOnly(t, written, await readAll(dir), [victim.from]);
    });
  });

  test(`a flipped bit in the header or the checkpoint of the journal of the ${which} segment costs nothing`, async (t) => {
    for (const at of [3, 20, 64 + 20]) {
      await inLog(async (dir, written, names) => {
        await flip(journalOf(dir, pick(names)), at);
        lostOnly(t, written, await readAll(dir), []);
      });
    }
  });

  test(`the data of the ${which} segment is gone: the others are delivered`, async (t) => {
    await inLog(async (dir, written, names) => {
      await rm(join(dir, pick(names)));
      const next = names[names.indexOf(pick(names)) + 1];
      const end = next === undefined ? Number.POSITIVE_INFINITY : baseOf(next);
      const lost = written.filter(({ from }) => from >= baseOf(pick(names)) && from < end);
      lostOnly(
        t,
        written,
        await readAll(dir),
        lost.map(({ from }) => from),
      );
    });
  });
}

test('a hole in a journal before a limit ends at the limit', async (t) => {
  await inLog(async (dir, written, names) => {
    const [name = ''] = names;
    const [, victim, behind] = written;
    if (victim === undefined || behind === undefined) throw new Error('too few batches');
    await flip(journalOf(dir, name), findRecord(await readFile(journalOf(dir, name)), victim.from) + 33);
    await using log = await EventLog.open(optionsFor(dir));
    const reader = log.reader(victim.from);
    const gap = await reader.next(Buffer.alloc(16 * 1024), behind.from);
    const eventsAt = 40 + 47;
    t.deepEqual(gap, { kind: 'gap', from: victim.from, to: behind.from, eventsAt, reason: 'damaged' });
    t.deepEqual(await reader.next(Buffer.alloc(16 * 1024), behind.from), { kind: 'end' });
    const next = await reader.next(Buffer.alloc(16 * 1024));
    t.is(next.kind === 'batches' && next.batches[0]?.record.eventsBefore, eventsAt);
    await reader.close();
  });
});

test('a zero-filled tail of the data costs the batches in it', async (t) => {
  await inLog(async (dir, written, names) => {
    const name = names.at(-1) ?? '';
    const path = join(dir, name);
    const { length } = await readFile(path);
    const cut = length - 3000;
    await truncate(path, cut);
    await truncate(path, length);
    const lost = written.filter(({ from, bytes }) => from + bytes.length > baseOf(name) + cut);
    lostOnly(
      t,
      written,
      await readAll(dir),
      lost.map(({ from }) => from),
    );
  });
});

for (const which of ['second', 'last'] as const) {
  test(`a segment cut in the middle keeps a torn last line: the ${which} segment`, async (t) => {
    await inLog(async (dir, written, names) => {
      const name = (which === 'last' ? names.at(-1) : names[1]) ?? '';
      const inside = written.filter(({ from }) => from >= baseOf(name));
      const [first, victim] = inside;
      if (first === undefined || victim === undefined) throw new Error('too few batches');
      const next = names[names.indexOf(name) + 1];
      const end = next === undefined ? Number.POSITIVE_INFINITY : baseOf(next);
      // three lines of it and a half are left
      const line = victim.bytes.indexOf('\n') + 1;
      const left = line * 3 + 20;
      await truncate(join(dir, name), first.bytes.length + left);
      const lost = inside.filter(({ from }) => from >= victim.from && from < end).map(({ from }) => from);
      for (let look = 0; look < 2; look++) {
        lostOnly(t, written, await readAll(dir), lost);
        t.true((await readFile(join(dir, name))).equals(first.bytes), 'whole lines only');
        const aside = `damaged-${victim.from}-${victim.from + victim.bytes.length}`;
        const kept = await readFile(join(dir, 'quarantine', aside));
        t.true(kept.equals(victim.bytes.subarray(0, left)));
        t.deepEqual(await readdir(join(dir, 'quarantine')), [aside]);
      }
      // what comes now lies behind what is lost, and is there
      const log = await EventLog.open(optionsFor(dir));
      t.is(
        log.endOffset,
        written.reduce((sum, { bytes }) => sum + bytes.length, 0),
      );
      t.is(log.facts().appended.bytes, log.endOffset);
      await log.close();
    });
  });
}

test('a directory named like a segment or a journal is named, with what to do', async (t) => {
  for (const place of ['data', 'journal'] as const) {
    await inLog(async (dir, _, names) => {
      const name = names[1] ?? '';
      const path = place === 'data' ? join(dir, name) : journalOf(dir, name);
      await rm(path);
      await mkdir(path);
      const error = await t.throwsAsync(EventLog.open(optionsFor(dir)));
      t.is(
        error instanceof Error && error.message,
        `${path} is a directory, a file is expected: move it out of the log`,
      );
    });
  }
});

test("a touch or a restore changes keepAge: a segment's age is what its journal says", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-damage-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const dayAgo = () => Date.now() - 86_400_000;
  await writeLog(dir, dayAgo);
  // its files are of this moment
  await using log = await EventLog.open({ ...optionsFor(dir), keepAgeMs: 3_600_000 });
  const { offset } = log.start;
  log.holders.startRetention();
  t.true(await until('what is old goes', () => log.start.offset > offset));
});

test('a journal that is gone sets its segment aside, and the others are delivered', async (t) => {
  await inLog(async (dir, written, names) => {
    const [, second = '', third = ''] = names;
    await rm(journalOf(dir, second));
    const lost = written.filter(({ from }) => from >= baseOf(second) && from < baseOf(third));
    lostOnly(
      t,
      written,
      await readAll(dir),
      lost.map(({ from }) => from),
    );
    t.deepEqual(await readdir(join(dir, 'quarantine')), [`${second}.no-journal`]);
  });
});

test('whatever is damaged, the log opens, takes more, and delivers nothing that is not what was written', async (t) => {
  const damage = fc.record({
    file: fc.nat(1000),
    journal: fc.boolean(),
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    how: fc.constantFrom('flip', 'cut', 'zero', 'remove', 'garbage'),
  });
  const seed = Number(process.env['SPILLWAY_SEED'] ?? Date.now() % 1_000_000);
  t.log(`SPILLWAY_SEED=${seed}`);
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
      await inLog(async (dir, written, names) => {
        for (const { file, journal, where, how } of damages) {
          const name = names[file % names.length] ?? '';
          await spoil(journal ? journalOf(dir, name) : join(dir, name), where, how);
        }
        const byOffset = new Map(written.map(({ from, bytes }) => [from, bytes]));
        const found = await readAll(dir);
        for (const [from, bytes] of found.delivered) t.true(byOffset.get(from)?.equals(bytes), `at ${from}`);
        const log = await EventLog.open(optionsFor(dir));
        const bytes = Buffer.from('one more\n');
        const source =
          log.findSource('k') ?? log.defineSource({ owner: 'o', key: 'k', identity: {}, position: 0 });
        const from = source.position;
        await log.append({
          source,
          from,
          end: from + 9,
          chunks: [bytes],
          bytes: 9,
          events: 1,
          crc: crc32(bytes),
          sequence: 0,
        });
        const end = log.endOffset;
        await log.close();
        t.true((await readAll(dir)).delivered.get(end - 9)?.equals(bytes));
      });
    }),
    { numRuns: 25, seed },
  );
});

async function spoil(path: string, where: number, how: string): Promise<void> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null || bytes.length === 0) return;
  const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
  if (how === 'remove') await rm(path);
  else if (how === 'cut') await truncate(path, at);
  else if (how === 'flip') await flip(path, at);
  else await writeFile(path, bytes.fill(how === 'zero' ? 0 : 0x5a, at));
}

/** Where in the journal the record of the batch at a log offset begins. */
function findRecord(journal: Buffer, from: number): number {
  for (let at = 64; at < journal.length; at += journal.readUInt32LE(at + 4)) {
    if (journal.readUInt8(at + 8) === 1 && Number(journal.readBigUInt64LE(at + 16)) === from) return at;
  }
  throw new Error(`no record for ${from}`);
}
