// A cursor that nobody owns is marked as an orphan beside others who work on the cursors: who drops one from another
// process, and a reload that gives its name to a destination again.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { lockDirectory } from '../../../agent/lock.ts';
import type { EventLog } from '../../../agent/log/log.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { FanOut } from '../../../agent/sink/fan-out.ts';
import { Position } from '../../../agent/sink/position.ts';
import { captureLogger } from '../source/captured-logger.ts';
import { openLog, temporaryDirectory } from '../source/event-log.ts';
import { Changing } from './changing.ts';
import { LOG_OPTIONS } from './sending.ts';

/** A cursor as a destination leaves it that is taken out of the configuration while the agent is down. */
async function leaveCursor(log: EventLog, name: string): Promise<void> {
  const position = await Position.open(log, name, 'oldest');
  await position.close();
}

test('marked-beside-a-drop: while another process has the lock of the cursors, none is marked or made again', async (t) => {
  const dir = await temporaryDirectory(t);
  await using log = await openLog(`${dir}/log`);
  await leaveCursor(log, 'gone');
  await leaveCursor(log, 'kept');
  const { logger, lines } = captureLogger();
  const parts = { log, registry: new StaticRegistry({}), logger };
  const fanOut = new FanOut(parts, { instance: 'sender', version: '0' }, LOG_OPTIONS);
  const lock = await lockDirectory(`${dir}/log/cursors`);
  await fanOut.look();
  t.is((await log.cursors.read('gone'))?.orphaned, undefined);
  t.true(lines.some(({ msg }) => msg.startsWith('cannot mark the cursor')));
  await log.cursors.remove('gone');
  await lock[Symbol.asyncDispose]();
  await fanOut.look();
  t.deepEqual(await log.cursors.names(), ['kept']);
  t.not((await log.cursors.read('kept'))?.orphaned, undefined);
});

test('marked-while-adopted: a cursor that a reload opens while it is being marked is its destination’s', async (t) => {
  const changing = await Changing.prepare(t);
  const { disk, log, fanOut } = changing;
  await leaveCursor(log, 'a');
  const added = [await changing.destination('a', `address: '127.0.0.1:1'`)];
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const write = disk.write.bind(disk);
  let isHeld = false;
  disk.write = async (fd, bytes, position) => {
    if (bytes.includes('"orphaned"') && !isHeld) {
      isHeld = true;
      reached.resolve();
      await goOn.promise;
    }
    await write(fd, bytes, position);
  };
  const look = fanOut.look();
  await reached.promise;
  const preparing = fanOut.prepare({ added, changed: [], removed: [] });
  // as long as it takes to open a cursor, where nothing is waited for
  for (let pass = 0; pass < 200; pass++) await turn();
  goOn.resolve();
  const [change] = await Promise.all([preparing, look]);
  await change.commit(0);
  t.is((await log.cursors.read('a'))?.orphaned, undefined);
  t.false(changing.snapshot('a').orphaned);
});
