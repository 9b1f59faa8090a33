// What fsck says is what a real start and a real reader do: the events that check out are the events that are delivered,
// it changes nothing, and a repair gives up nothing that could have been delivered.

import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { checkLog } from '../../../agent/inspect/check-log.ts';
import type { Finding } from '../../../agent/inspect/finding.ts';
import { repair } from '../../../agent/inspect/repair.ts';
import { lockDirectory } from '../../../agent/lock.ts';
import { CURSOR_FILE_BYTES } from '../../../agent/log/cursor.ts';
import { realDisk } from '../../../agent/log/disk.ts';
import { EventLog } from '../../../agent/log/log.ts';
import { RecordType } from '../../../agent/log/record.ts';
import {
  agent,
  baseOf,
  contentOf,
  DAMAGES,
  DELIVERED,
  deliveredFrom,
  type Example,
  example,
  findRecord,
  flip,
  journalOf,
  jsonOf,
  optionsFor,
  SINK,
  spoil,
  temporaryDirectory,
  total,
  type Written,
} from './written-log.ts';

const look = (dir: string) => checkLog(realDisk, dir, { running: false });
const kinds = (findings: readonly Finding[]) => findings.map(({ kind }) => kind);
const cursorOf = (dir: string) => join(dir, 'cursors', `${SINK}.cursor`);

/** What fsck says checks out is what is delivered; a repair ends what it can and keeps every batch. */
async function mendsTo(t: ExecutionContext, dir: string, left: readonly Finding['kind'][]): Promise<void> {
  const before = await contentOf(dir);
  const report = await look(dir);
  t.deepEqual(await contentOf(dir), before, 'a look changes nothing');
  const delivered = await deliveredFrom(t, dir);
  const bytes = [...delivered.values()].reduce((sum, { length }) => sum + length, 0);
  t.is(report.bytes, bytes, 'what checks out is what is delivered');
  t.is(report.batches >= delivered.size, true);
  await repair(realDisk, dir, report.findings);
  const after = await look(dir);
  t.deepEqual(kinds(after.findings), left);
  t.false(
    after.findings.some(({ mends }) => mends),
    JSON.stringify(after.findings),
  );
  t.deepEqual(await deliveredFrom(t, dir), delivered, 'a repair keeps all that could be delivered');
  await repair(realDisk, dir, after.findings);
  t.deepEqual((await look(dir)).findings, after.findings, 'a second repair does nothing');
}

const inside = (written: readonly Written[], name: string, next: string | undefined) =>
  written.filter(
    ({ from }) =>
      from >= baseOf(name) && from < (next === undefined ? Number.POSITIVE_INFINITY : baseOf(next)),
  );

function segment({ written, names }: Example, index: number) {
  const name = names.at(index) ?? '';
  const next = names[names.indexOf(name) + 1];
  return { name, batches: inside(written, name, next), next };
}

test('a log that nothing happened to is clean', async (t) => {
  const { dir, written } = await example(t);
  const report = await look(dir);
  t.deepEqual(report.findings, []);
  t.like(report, { ...total(written), batches: written.length });
  const { status, stdout } = await agent('fsck', dir);
  t.is(status, 0);
  t.regex(stdout.toString(), /clean: [\d,]+ events, [\d,]+ bytes in 60 batches check out/);
});

test('a flipped bit in the data: the batch is named, counted, and set aside by a repair', async (t) => {
  const log = await example(t);
  const { name, batches } = segment(log, 1);
  const [, victim] = batches;
  if (victim === undefined) throw new Error('no batch');
  await flip(join(log.dir, name), victim.from - baseOf(name) + 5);
  const { findings } = await look(log.dir);
  t.is(findings.length, 1);
  const range = { from: victim.from, to: victim.from + victim.bytes.length };
  t.like(findings[0], { kind: 'damaged', place: name, range, mends: false });
  t.deepEqual(findings[0]?.cost, { events: victim.events, bytes: victim.bytes.length });
  await mendsTo(t, log.dir, ['damaged']);
  t.deepEqual(await readdir(join(log.dir, 'quarantine')), [`damaged-${range.from}-${range.to}`]);
});

test('a flipped bit in a record of a journal: its batch is lost, the journal is written again', async (t) => {
  for (const index of [1, -1]) {
    const log = await example(t);
    const { name, batches } = segment(log, index);
    const [, victim] = batches;
    if (victim === undefined) throw new Error('no batch');
    const path = journalOf(log.dir, name);
    await flip(path, findRecord(await readFile(path), victim.from) + 33);
    const { findings } = await look(log.dir);
    t.deepEqual(kinds(findings), ['journal', 'unknown-range']);
    t.deepEqual(findings[1]?.cost, { events: victim.events, bytes: victim.bytes.length });
    await mendsTo(t, log.dir, ['unknown-range']);
  }
});

test('a damaged header and a damaged checkpoint cost nothing, and are made again', async (t) => {
  for (const [at, index] of [
    [3, 1],
    [20, -1],
    [84, 1],
    [84, -1],
  ] as const) {
    const log = await example(t);
    await flip(journalOf(log.dir, segment(log, index).name), at);
    const { findings } = await look(log.dir);
    t.is(findings.filter(({ kind }) => kind !== 'journal').length, 0);
    t.not(findings.length, 0);
    await mendsTo(t, log.dir, []);
  }
});

test('a checkpoint that a repair has made again holds the state of the sources', async (t) => {
  const log = await example(t);
  const positions = async () => {
    const opened = await EventLog.open(optionsFor(log.dir));
    const found = ['spool', 'hop'].map((key) => opened.findSource(key)?.position);
    await opened.close();
    return found;
  };
  const before = await positions();
  await flip(journalOf(log.dir, segment(log, -1).name), 84);
  await repair(realDisk, log.dir, (await look(log.dir)).findings);
  // the segments before it expire
  for (const name of log.names.slice(0, -1)) {
    await rm(join(log.dir, name));
    await rm(journalOf(log.dir, name));
  }
  t.deepEqual(await positions(), before);
});

test('a journal that is gone, or in which nothing can be read: its segment is lost, and set aside', async (t) => {
  for (const [damage, kind] of [
    ['remove', 'no-journal'],
    ['garbage', 'journal-lost'],
  ] as const) {
    const log = await example(t);
    const { name, batches } = segment(log, 1);
    await spoil(journalOf(log.dir, name), 0, damage);
    const { findings } = await look(log.dir);
    t.true(kinds(findings).includes(kind), JSON.stringify(findings));
    // once: a range was counted as data without a journal and again as a range of which nothing is known
    t.deepEqual(kinds(findings), [kind]);
    t.deepEqual(findings.find((finding) => finding.kind === kind)?.cost, total(batches));
    await mendsTo(t, log.dir, ['unknown-range']);
  }
});

test('a journal of which only the header is left', async (t) => {
  const log = await example(t);
  const { name, batches } = segment(log, 1);
  const path = journalOf(log.dir, name);
  await writeFile(path, (await readFile(path)).fill(0, 64));
  const { findings } = await look(log.dir);
  t.deepEqual(kinds(findings), ['journal', 'unknown-range']);
  t.deepEqual(findings[1]?.cost, total(batches));
  await mendsTo(t, log.dir, ['unknown-range']);
});

test('data that is gone is a loss where a destination wants it, and a deletion where none does', async (t) => {
  const wanted = await example(t);
  const { name, batches } = segment(wanted, 2);
  await rm(join(wanted.dir, name));
  const { findings } = await look(wanted.dir);
  t.like(findings[0], { kind: 'no-data', place: name });
  t.deepEqual(findings[0]?.cost, total(batches));
  await mendsTo(t, wanted.dir, ['unknown-range']);

  const expired = await example(t);
  // the destination has more than the first segment
  await rm(join(expired.dir, segment(expired, 0).name));
  t.deepEqual(kinds((await look(expired.dir)).findings), ['unfinished']);
  await mendsTo(t, expired.dir, []);
});

test('the data of the last segment is gone', async (t) => {
  const log = await example(t);
  const { name, batches } = segment(log, -1);
  await rm(join(log.dir, name));
  const { findings } = await look(log.dir);
  t.deepEqual(kinds(findings), ['no-data']);
  t.deepEqual(findings[0]?.cost, total(batches));
  await mendsTo(t, log.dir, ['damaged']);
});

test('a source whose definition rotted: the log opens, with all its events, before and after a repair', async (t) => {
  const dir = join(await temporaryDirectory(t), 'log');
  const log = await EventLog.open(optionsFor(dir));
  const source = log.defineSource({ owner: 'o', key: 'k', identity: {}, position: 0 });
  const bytes = Buffer.from('one\n');
  const append = () =>
    log.append({
      source,
      from: source.position,
      end: source.position + 4,
      chunks: [bytes],
      bytes: 4,
      events: 1,
      crc: crc32(bytes),
      sequence: 0,
    });
  await append();
  const from = source.position;
  await log.progress(source, {
    outcome: 'quarantined',
    reason: 'r',
    from,
    end: from + 3,
    events: 1,
    bytes: 3,
  });
  await append();
  await log.close();
  const path = journalOf(dir, `${'0'.repeat(20)}.log`);
  const journal = await readFile(path);
  let at = 64;
  while (journal.readUInt8(at + 8) !== RecordType.source) at += journal.readUInt32LE(at + 4);
  await flip(path, at + 20);
  const { findings } = await look(dir);
  t.deepEqual(kinds(findings), ['journal', 'unknown-source']);
  const unmended = await EventLog.open(optionsFor(dir));
  t.deepEqual(unmended.end, { offset: 8, events: 2 }, 'it opens without a repair, too');
  await unmended.close();
  await repair(realDisk, dir, findings);
  t.deepEqual(kinds((await look(dir)).findings), ['unknown-source']);
  const opened = await EventLog.open(optionsFor(dir));
  t.deepEqual(opened.end, { offset: 8, events: 2 });
  await opened.close();
});

test('bytes behind the last commit cost nothing, and are cut', async (t) => {
  const log = await example(t);
  await appendFile(join(log.dir, log.names.at(-1) ?? ''), 'never committed\nnor this');
  const { findings } = await look(log.dir);
  t.deepEqual(kinds(findings), ['unfinished']);
  t.deepEqual(findings[0]?.cost, { events: 0, bytes: 0 });
  await mendsTo(t, log.dir, []);
});

test('a last record that is torn: what it may cost is counted', async (t) => {
  const log = await example(t);
  const { name, batches } = segment(log, -1);
  const last = batches.at(-1);
  if (last === undefined) throw new Error('no batch');
  const path = journalOf(log.dir, name);
  await truncate(path, findRecord(await readFile(path), last.from) + 50);
  const { findings } = await look(log.dir);
  t.deepEqual(kinds(findings), ['unfinished']);
  t.deepEqual(findings[0]?.cost, { events: last.events, bytes: last.bytes.length, atMost: true });
  await mendsTo(t, log.dir, []);
});

test('the zeros that a killed agent leaves behind its last record are no finding', async (t) => {
  const log = await example(t);
  await appendFile(journalOf(log.dir, log.names.at(-1) ?? ''), Buffer.alloc(65_536));
  t.deepEqual((await look(log.dir)).findings, []);
});

test('cursors: one slot, both slots, another length', async (t) => {
  const { dir } = await example(t);
  const path = cursorOf(dir);
  const whole = await readFile(path);
  for (const slot of [0, 1]) {
    await writeFile(path, Buffer.from(whole).fill(0x5a, slot * (CURSOR_FILE_BYTES / 2), slot * 65_536 + 40));
    t.deepEqual(kinds((await look(dir)).findings), ['cursor']);
    await mendsTo(t, dir, []);
  }
  await writeFile(path, Buffer.concat([whole, Buffer.from('more')]));
  t.regex((await look(dir)).findings[0]?.what ?? '', /131076 bytes long/);
  await mendsTo(t, dir, []);
  await writeFile(path, Buffer.alloc(CURSOR_FILE_BYTES, 0x5a));
  t.regex((await look(dir)).findings[0]?.what ?? '', /neither of its two slots/);
  await mendsTo(t, dir, []);
  t.deepEqual(await readdir(join(dir, 'quarantine')), [`${SINK}.cursor.damaged`]);
});

test('a destination ahead of the log, behind it, or of another stream', async (t) => {
  const log = await example(t);
  for (const name of log.names.slice(1)) {
    await rm(join(log.dir, name));
    await rm(journalOf(log.dir, name));
  }
  const { findings } = await look(log.dir);
  t.like(findings[0], { kind: 'position', mends: false });
  t.regex(findings[0]?.what ?? '', /it lost what was acknowledged/);

  const behind = await example(t);
  const [first = '', second = '', third = ''] = behind.names;
  for (const name of [first, second]) {
    await rm(join(behind.dir, name));
    await rm(journalOf(behind.dir, name));
  }
  const [gap] = (await look(behind.dir)).findings;
  t.regex(gap?.what ?? '', /the log begins at/);
  const missing = behind.written.slice(DELIVERED).filter(({ from }) => from < baseOf(third));
  t.deepEqual(gap?.cost, total(missing));

  const other = await example(t);
  await writeFile(
    join(other.dir, 'identity.json'),
    `{"version":1,"stream":"${'5'.repeat(32)}","createdMs":1}\n`,
  );
  t.regex((await look(other.dir)).findings[0]?.what ?? '', /belongs to stream [0-9a-f]{32}, this log/);
});

test('identity.json is restored from the cursors', async (t) => {
  for (const damage of ['remove', 'garbage'] as const) {
    const { dir } = await example(t);
    const { stream } = await look(dir);
    await spoil(join(dir, 'identity.json'), 0, damage);
    const { findings } = await look(dir);
    t.deepEqual(kinds(findings), ['identity']);
    await repair(realDisk, dir, findings);
    const after = await look(dir);
    t.deepEqual(after.findings, []);
    t.is(after.stream, stream);
  }
});

test('the command: what it prints, its statuses, and that --repair wants the lock', async (t) => {
  const log = await example(t);
  await flip(journalOf(log.dir, segment(log, 1).name), 3);
  const before = await contentOf(log.dir);
  const found = await agent('fsck', log.dir);
  t.is(found.status, 1);
  t.regex(found.stdout.toString(), /journal: journal\/\d{20}\.journal: its header does not check out/);
  t.regex(found.stdout.toString(), /costs nothing; a start makes it again/);
  t.deepEqual(await contentOf(log.dir), before);
  {
    await using _lock = await lockDirectory(log.dir);
    const refused = await agent('fsck', log.dir, '--repair');
    t.is(refused.status, 1);
    t.regex(refused.stderr, /is in use by process \d+/);
  }
  const repaired = await agent('fsck', log.dir, '--repair', '--json');
  t.is(repaired.status, 0);
  t.regex(JSON.stringify(jsonOf(repaired)['repaired']), /its header made again/);
  t.is((await agent('fsck', log.dir)).status, 0);
  for (const args of [[], [join(log.dir, 'journal')], [join(log.dir, 'nowhere')], [log.dir, '--wrong']]) {
    const refused = await agent('fsck', ...args);
    t.is(refused.status, 2, JSON.stringify(args));
    t.not(refused.stderr, '');
  }
});

test('whatever is damaged: what checks out is what is delivered, and a repair keeps all of it', async (t) => {
  t.timeout(60_000);
  const damage = fc.record({
    file: fc.nat(1000),
    journal: fc.boolean(),
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    how: fc.constantFrom(...DAMAGES),
  });
  const seed = Number(process.env['SPILLWAY_SEED'] ?? Date.now() % 1_000_000);
  t.log(`SPILLWAY_SEED=${seed}`);
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
      const { dir, names } = await example(t);
      for (const { file, journal, where, how } of damages) {
        const name = names[file % names.length] ?? '';
        await spoil(journal ? journalOf(dir, name) : join(dir, name), where, how);
      }
      const report = await look(dir);
      const delivered = await deliveredFrom(t, dir);
      const bytes = [...delivered.values()].reduce((sum, { length }) => sum + length, 0);
      if (report.bytes !== bytes) throw new Error(`${report.bytes} check out, ${bytes} are delivered`);
      await repair(realDisk, dir, report.findings);
      const after = await look(dir);
      const open = after.findings.filter(({ mends }) => mends);
      if (open.length > 0) throw new Error(`not repaired: ${JSON.stringify(open)}`);
      t.deepEqual(await deliveredFrom(t, dir), delivered);
      if (after.bytes !== bytes)
        throw new Error(`${after.bytes} check out after the repair, ${bytes} before`);
    }),
    { numRuns: 12, seed },
  );
});

test('all journals are gone with their directory: a start goes on, and fsck does not say that it fails', async (t) => {
  const { dir } = await example(t);
  await rm(join(dir, 'journal'), { recursive: true });
  const { stdout } = await agent('fsck', dir);
  t.notRegex(stdout.toString(), /would not start/);
  t.regex(stdout.toString(), /no-journal: /);
  t.regex(stdout.toString(), /a start would say: set aside/);
});
