// The configuration of a running agent is changed by hand and read again on SIGHUP: under load nothing is lost, doubled
// or held up, and what cannot be applied changes nothing.
// One after the other: each starts up to four agents.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agent as command } from '../agent/inspect/written-log.ts';
import { randomFrom } from '../agent/source/random.ts';
import { until } from '../agent/source/until.ts';
import { AgentProcess } from './agent-process.ts';
import {
  configOf,
  delivers,
  destinationAt,
  listenOn,
  QUICK_LOG,
  tailOf,
  temporaryDirectory,
} from './chain.ts';
import { Writer } from './writer.ts';

class Fixture {
  readonly spool: string;
  readonly dir: string;
  readonly host: number;
  readonly sender: AgentProcess;
  readonly receivers: readonly AgentProcess[];
  readonly writer: Writer;

  private constructor(dir: string, host: number, sender: AgentProcess, receivers: readonly AgentProcess[]) {
    this.dir = dir;
    this.spool = join(dir, 'spool');
    this.host = host;
    this.sender = sender;
    this.receivers = receivers;
    this.writer = new Writer(this.spool, randomFrom(host));
  }

  /** A sender without destinations at `host`, receivers a, b, ... behind it; all of them are up. */
  static async start(
    t: ExecutionContext,
    host: number,
    names: readonly string[],
    log = {},
  ): Promise<Fixture> {
    const dir = await temporaryDirectory(t);
    const spool = join(dir, 'spool');
    await mkdir(spool);
    const config = configOf('sender', host, { sources: [tailOf(spool)], log: { ...QUICK_LOG, ...log } });
    const sender = await AgentProcess.prepare(t, dir, config);
    const receivers = await Promise.all(
      names.map((id, index) => {
        const own = host + 1 + index;
        return AgentProcess.prepare(t, dir, configOf(id, own, { sources: [listenOn(own)] }));
      }),
    );
    const fixture = new Fixture(dir, host, sender, receivers);
    await Promise.all([sender, ...receivers].map((one) => one.start()));
    return fixture;
  }

  destination(name: string, more: object = {}) {
    const index = this.receivers.findIndex(({ id }) => id === name);
    return destinationAt(name, this.host + 1 + index, more);
  }

  /** Rewrites the sender's file, hangs up, and waits for what comes of it. */
  async reload(parts: object): Promise<void> {
    const base = { sources: [tailOf(this.spool)] };
    await this.sender.configure(configOf('sender', this.host, { ...base, ...parts }));
    await this.hangUp();
  }

  async hangUp(): Promise<void> {
    const before = (await this.sender.metrics()).sum('spillway_config_reloads_total');
    this.sender.send('SIGHUP');
    await until('the file is read again', async () => {
      return (await this.sender.metrics()).sum('spillway_config_reloads_total') > before;
    });
  }

  async generation(): Promise<number> {
    return (await this.sender.metrics()).sum('spillway_config_generation');
  }

  async has(t: ExecutionContext, name: string): Promise<void> {
    const receiver = this.receivers.find(({ id }) => id === name);
    if (receiver === undefined) throw new Error(`no receiver ${name}`);
    await delivers(t, receiver, this.writer.written);
  }

  async closes(t: ExecutionContext): Promise<void> {
    for (const one of [this.sender, ...this.receivers]) {
      t.deepEqual((await one.metrics()).openEquations(), [], one.id);
    }
  }
}

test.serial(
  'destinations come, change and go under load: every one has every event once, in one epoch',
  async (t) => {
    const fixture = await Fixture.start(t, 71, ['a', 'b', 'c']);
    const load = new AbortController();
    const writing = fixture.writer.atRate(3_000, load.signal);
    const policies = ['block', 'dropOldest', 'dropNewest'];
    let reloads = 0;
    for (let turn = 0; turn < 12; turn++) {
      const changed = fixture.destination('a', {
        policy: policies[turn % 3],
        lingerMs: turn % 2 === 0 ? 0 : 20,
        batchBytesMax: 65_536 * (1 + (turn % 3)),
        lagBytesMax: 100_000_000 + turn,
      });
      // b comes and goes, c comes late and stays
      const others = [
        ...(turn % 2 === 0 ? [fixture.destination('b')] : []),
        ...(turn >= 4 ? [fixture.destination('c')] : []),
      ];
      await fixture.reload({ destinations: [changed, ...others] });
      reloads++;
      await until('a moves', async () => {
        const before = (await fixture.sender.metrics()).sum('spillway_destination_events_total', {
          destination: 'a',
          outcome: 'acknowledged',
        });
        return before > turn * 100;
      });
    }
    const all = ['a', 'b', 'c'].map((name) => fixture.destination(name));
    await fixture.reload({ destinations: all });
    load.abort();
    await writing;
    for (const name of ['a', 'b', 'c']) await fixture.has(t, name);
    await until('all is acknowledged', async () => {
      return (await fixture.sender.metrics()).sum('spillway_destination_buffered_bytes') === 0;
    });
    await fixture.closes(t);
    const metrics = await fixture.sender.metrics();
    for (const destination of ['a', 'b', 'c']) {
      t.is(metrics.sum('spillway_destination_epoch', { destination }), 1, `${destination} began a new epoch`);
      for (const outcome of ['dropped', 'skipped']) {
        t.is(metrics.sum('spillway_destination_events_total', { destination, outcome }), 0);
      }
    }
    for (const receiver of fixture.receivers) {
      const suppressed = (await receiver.metrics()).sum('spillway_source_events_total', {
        outcome: 'suppressed',
      });
      t.is(suppressed, 0, `${receiver.id} was sent something twice`);
    }
    t.is(metrics.sum('spillway_config_generation'), reloads + 2);
    t.is(metrics.sum('spillway_config_reloads_total', { outcome: 'refused' }), 0);
  },
);

test.serial(
  'a file that is wrong, or asks for what needs a restart, changes nothing and the log says why',
  async (t) => {
    const fixture = await Fixture.start(t, 76, ['a', 'b']);
    await fixture.reload({ destinations: [fixture.destination('a')] });
    const generation = await fixture.generation();
    const refused = async () =>
      (await fixture.sender.metrics()).sum('spillway_config_reloads_total', { outcome: 'refused' });
    const lastReason = () =>
      String(fixture.sender.lines.findLast(({ reason }) => reason !== undefined)?.['reason']);

    const b = fixture.destination('b');
    await fixture.reload({ destinations: [fixture.destination('a'), { ...b, inflightBytesMax: 1 }] });
    t.regex(lastReason(), /agent\.yaml:\d+:\d+: destinations\[1\]\.inflightBytesMax/);
    await fixture.reload({
      destinations: [fixture.destination('a'), b],
      log: { ...QUICK_LOG, capBytes: 99_000_000 },
    });
    t.regex(lastReason(), /agent\.yaml: log\.capBytes: needs a restart/);
    await fixture.reload({ destinations: [b], sources: [tailOf(fixture.spool, { pollMs: 7 })] });
    t.regex(lastReason(), /agent\.yaml: sources\.events\.pollMs: needs a restart/);
    await fixture.reload({
      destinations: [b],
      stop: { drainMs: 1 },
      http: { address: `127.0.0.${fixture.host}:8101` },
    });
    t.regex(lastReason(), /http\.address: needs a restart/);
    // a listener whose address is taken: the destination beside it must not come either
    const taken = { ...listenOn(fixture.host + 1), name: 'second' };
    await fixture.reload({
      destinations: [fixture.destination('a'), b],
      sources: [tailOf(fixture.spool), taken],
    });
    t.regex(lastReason(), /cannot listen on/);
    await writeFile(fixture.sender.configFile, '{ this is: no: YAML');
    await fixture.hangUp();
    t.is(await refused(), 6);
    t.is(await fixture.generation(), generation);
    const health = await fixture.sender.health();
    t.like(health, { status: 'ok', configuration: { generation, lastReload: { outcome: 'refused' } } });

    const metrics = await fixture.sender.metrics();
    t.deepEqual(metrics.values('spillway_destination_connected', 'destination'), ['a']);
    await fixture.writer.some(500);
    await fixture.writer.finish();
    await fixture.has(t, 'a');
    // what was refused has left nothing behind: b begins as a destination that is new
    await fixture.reload({ destinations: [fixture.destination('a'), { ...b, startAt: 'newest' }] });
    t.is(await fixture.generation(), generation + 1);
    t.is(
      (await fixture.sender.metrics()).sum('spillway_destination_events_total', {
        destination: 'b',
        outcome: 'appended',
      }),
      0,
    );
  },
);

test.serial(
  'an orphan holds no space, and who adopts it goes on there: what is gone is skipped and counted',
  async (t) => {
    const cap = { segmentBytes: 262_144, capBytes: 4_194_304, keepBytes: 262_144, journalBytesMax: 65_536 };
    const fixture = await Fixture.start(t, 80, ['a', 'b'], cap);
    const log = { ...QUICK_LOG, ...cap };
    const both = ['a', 'b'].map((name) => fixture.destination(name));
    const send = async () => {
      await fixture.writer.some(4_000);
      await fixture.writer.finish();
    };
    await fixture.reload({ destinations: both, log });
    await send();
    await fixture.has(t, 'b');
    const before = fixture.writer.written;

    await fixture.reload({ destinations: [fixture.destination('a')], log });
    const orphan = async (name: string) => (await fixture.sender.metrics()).sum(name, { destination: 'b' });
    t.is(await orphan('spillway_destination_orphaned'), 1);
    // far more than the cap: it would stop if the orphan held anything
    while (fixture.writer.written.length < before.length + 8_000_000) await send();
    await fixture.has(t, 'a');
    await fixture.closes(t);

    await fixture.reload({ destinations: both, log });
    t.is(await orphan('spillway_destination_orphaned'), 0);
    await send();
    await until('b has caught up', async () => {
      const metrics = await fixture.sender.metrics();
      const whole = metrics.sum('spillway_log_appended_bytes_total') === fixture.writer.written.length;
      return whole && metrics.sum('spillway_destination_buffered_bytes') === 0;
    });
    await fixture.closes(t);
    const metrics = await fixture.sender.metrics();
    const of = (outcome: string, more: object = {}) =>
      metrics.sum('spillway_destination_bytes_total', { destination: 'b', outcome, ...more });
    t.true(of('skipped', { reason: 'orphaned' }) > 0);
    t.is(of('skipped'), of('skipped', { reason: 'orphaned' }));
    t.is(of('acknowledged') + of('skipped'), fixture.writer.written.length);
    t.is(await orphan('spillway_destination_epoch'), 1);
    const [, b] = fixture.receivers;
    const got = (await b?.events()) ?? Buffer.alloc(0);
    t.is(got.length, of('acknowledged'));
    t.true(got.subarray(0, before.length).equals(before));
    t.true(
      fixture.writer.written.subarray(of('skipped') + before.length).equals(got.subarray(before.length)),
    );
    t.is(
      (await b?.metrics())?.sum('spillway_source_skipped_events_total', { reason: 'orphaned' }),
      metrics.sum('spillway_destination_events_total', { destination: 'b', outcome: 'skipped' }),
    );
  },
);

test.serial('an orphan can be dropped beside a running agent, a destination cannot', async (t) => {
  const fixture = await Fixture.start(t, 84, ['a', 'b']);
  const both = ['a', 'b'].map((name) => fixture.destination(name));
  await fixture.reload({ destinations: both });
  await fixture.writer.some(500);
  await fixture.writer.finish();
  await fixture.has(t, 'b');
  await fixture.reload({ destinations: [fixture.destination('a')] });

  const owned = await command('cursor', fixture.sender.logDir, 'drop', 'a', '--yes');
  t.is(owned.status, 1);
  t.regex(owned.stderr, /in use by process \d+/);
  const dropped = await command('cursor', fixture.sender.logDir, 'drop', 'b');
  t.is(dropped.status, 0, dropped.stderr);
  await fixture.reload({
    destinations: [fixture.destination('a'), fixture.destination('b', { startAt: 'newest' })],
  });
  const metrics = await fixture.sender.metrics();
  t.is(metrics.sum('spillway_destination_events_total', { destination: 'b', outcome: 'acknowledged' }), 0);
});

test.serial(
  'sources come and go: each goes on where it was, and the log counts what the former gave',
  async (t) => {
    const fixture = await Fixture.start(t, 88, ['a']);
    const destinations = [fixture.destination('a')];
    const second = join(fixture.dir, 'second');
    await mkdir(second);
    const other = new Writer(second, randomFrom(5));
    const [first, more] = [tailOf(fixture.spool), tailOf(second, { name: 'more' })];
    const appended = async (source: string) =>
      (await fixture.sender.metrics()).sum('spillway_source_bytes_total', { source, outcome: 'appended' });

    await fixture.reload({ destinations, sources: [first, more] });
    await other.some(700);
    await other.finish();
    await until('more is read', async () => (await appended('more')) === other.written.length);
    await fixture.reload({ destinations, sources: [first] });
    const read = other.written.length;
    await other.some(700);
    await other.finish();
    await fixture.writer.some(700);
    await fixture.writer.finish();
    await until(
      'the first is read',
      async () => (await appended('events')) === fixture.writer.written.length,
    );
    t.is(await appended('more'), read, 'a tail that was removed read on');
    t.deepEqual((await fixture.sender.metrics()).openEquations(), []);

    await fixture.reload({ destinations, sources: [first, more] });
    await until('more goes on', async () => (await appended('more')) === other.written.length);
    t.deepEqual((await fixture.sender.metrics()).openEquations(), []);
    const [a] = fixture.receivers;
    await until('a has both', async () => {
      return ((await a?.events()) ?? '').length === other.written.length + fixture.writer.written.length;
    });
  },
);
