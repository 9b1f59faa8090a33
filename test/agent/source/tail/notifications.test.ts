import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Notifications } from '../../../../agent/source/tail/notifications.ts';
import { temporaryDirectory } from '../event-log.ts';
import { until } from '../until.ts';

async function listen(t: ExecutionContext) {
  const dir = await temporaryDirectory(t);
  const names = new Set<string | null>();
  const grown = new Set<string>();
  const notifications = new Notifications(dir, {
    onName: (name) => names.add(name),
    onGrown: (name) => grown.add(name),
    onError: (error) => t.fail(String(error)),
  });
  notifications.open();
  t.teardown(() => notifications.close());
  await until('what was there is hinted at', () => names.has(null));
  return { dir, names, grown, notifications };
}

/** Appends until it is so, as often as a program that writes line by line. */
async function appendUntil(path: string, pauseMs: number, isSo: () => boolean): Promise<void> {
  for (let count = 0; !isSo() && count < 20_000 / Math.max(1, pauseMs); count++) {
    await appendFile(path, 'x\n');
    await sleep(pauseMs);
  }
}

test('in a storm of notifications, names and growth are still noticed, and when it is over', async (t) => {
  const { dir, names, grown, notifications } = await listen(t);
  const busy = join(dir, 'busy.log');
  await appendUntil(busy, 1, () => notifications.isBare);
  t.true(notifications.isBare);

  await writeFile(join(dir, 'new.log'), 'x\n');
  await rename(join(dir, 'new.log'), join(dir, 'renamed.log'));
  await until('both names are noticed', () => names.has('new.log') && names.has('renamed.log'));
  grown.clear();
  await appendFile(join(dir, 'renamed.log'), 'x\n');
  await until('its growth is noticed', () => grown.has('renamed.log'));

  names.clear();
  await appendUntil(busy, 300, () => !notifications.isBare);
  t.false(notifications.isBare);
  await writeFile(join(dir, 'later.log'), 'x\n');
  await until('the later name is noticed', () => names.has('later.log'));
  t.pass();
});
