// An operator moves a destination: back, and the receiver gets that range once more; forward, and it is told what it
// will not get. The counters of both sides close either way. And the tools beside a running agent.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { LogReport } from '../../agent/inspect/check-log.ts';
import { agent, jsonOf } from '../agent/inspect/written-log.ts';
import { randomFrom } from '../agent/source/random.ts';
import { until } from '../agent/source/until.ts';
import { AgentProcess } from './agent-process.ts';
import { configOf, delivers, destinationAt, listenOn, tailOf, temporaryDirectory } from './chain.ts';
import { Writer } from './writer.ts';

interface Boundary {
  readonly from: number;
}

test('a rewound destination gets the range again, and conservation closes on both sides', async (t) => {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const host = 61;
  const sender = await AgentProcess.prepare(
    t,
    dir,
    configOf('sender', host, {
      sources: [tailOf(spool)],
      destinations: [destinationAt('receiver', host + 1)],
    }),
  );
  const receiver = await AgentProcess.prepare(
    t,
    dir,
    configOf('receiver', host + 1, { sources: [listenOn(host + 1)] }),
  );
  const writer = new Writer(spool, randomFrom(host));
  const settled = async () => {
    await until('all is acknowledged', async () => {
      const metrics = await sender.metrics();
      return (
        metrics.sum('spillway_log_appended_bytes_total') === writer.written.length &&
        metrics.sum('spillway_destination_buffered_bytes') === 0
      );
    });
    for (const one of [sender, receiver]) t.deepEqual((await one.metrics()).openEquations(), [], one.id);
  };
  const send = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++) {
      await writer.some(800);
      await writer.finish();
      await settled();
    }
  };
  await receiver.start();
  await sender.start();
  await send(5);
  const first = writer.written;
  await delivers(t, receiver, first);

  // beside the running agents
  for (const one of [sender, receiver]) {
    const looked = await agent('fsck', one.logDir);
    t.is(looked.status, 0, looked.stdout.toString());
    t.regex(looked.stdout.toString(), new RegExp(`process ${one.pid} runs on it`));
  }
  const refused = await agent('cursor', sender.logDir, 'rewind', 'receiver', '--to', 'oldest', '--yes');
  t.is(refused.status, 1);
  t.regex(refused.stderr, /is in use/);

  // back, to the second batch of those that are there
  await sender.signal('SIGTERM');
  const batches = (await agent('dump', sender.logDir, '--json')).stdout.toString().trim().split('\n');
  const second = JSON.parse(batches[1] ?? '') as Boundary;
  t.true(second.from > 0 && second.from < first.length);
  const place = String(second.from + 1);
  const back = await agent('cursor', sender.logDir, 'rewind', 'receiver', '--to', place, '--yes', '--json');
  t.is(back.status, 0, back.stderr);
  t.like(jsonOf(back), { moved: 'back', epoch: 2 });
  await sender.start();
  await settled();
  const twice = Buffer.concat([first, first.subarray(second.from)]);
  await delivers(t, receiver, twice);
  const metrics = await sender.metrics();
  const acknowledged = { destination: 'receiver', outcome: 'acknowledged' };
  t.is(metrics.sum('spillway_destination_bytes_total', acknowledged), first.length - second.from);

  // what comes after it comes once, over a restart of either side
  await receiver.signal('SIGKILL');
  await receiver.start();
  await sender.signal('SIGKILL');
  const killed = jsonOf(await agent('fsck', sender.logDir, '--json'))['report'] as LogReport;
  // a torn end at most, and nothing of it was acknowledged
  t.deepEqual(
    killed.findings.filter(({ kind }) => kind !== 'unfinished'),
    [],
  );
  await sender.start();
  await send(1);
  const third = writer.written.subarray(first.length);
  await delivers(t, receiver, Buffer.concat([twice, third]));

  // forward, over what came while the receiver was away
  await receiver.signal('SIGTERM');
  const before = writer.written.length;
  await writer.some(500);
  await writer.finish();
  await delivers(t, sender, writer.written);
  const passed = writer.written.length - before;
  await sender.signal('SIGTERM');
  const forward = await agent(
    'cursor',
    sender.logDir,
    'rewind',
    'receiver',
    '--to',
    'newest',
    '--yes',
    '--json',
  );
  t.is(forward.status, 0, forward.stderr);
  t.like(jsonOf(forward), { moved: 'forward', epoch: 2, between: { events: 500, bytes: passed } });
  await receiver.start();
  await sender.start();
  await settled();
  const at = writer.written.length;
  await send(1);
  await delivers(t, receiver, Buffer.concat([twice, third, writer.written.subarray(at)]));
  const dropped = { destination: 'receiver', outcome: 'dropped', reason: 'dropOldest' };
  t.is((await sender.metrics()).sum('spillway_destination_events_total', dropped), 500);

  for (const one of [sender, receiver]) {
    await one.signal('SIGTERM');
    const looked = await agent('fsck', one.logDir);
    t.is(looked.status, 0, looked.stdout.toString());
  }
});
