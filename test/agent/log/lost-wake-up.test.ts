// What is handed to the log at the very moment when it has nothing left to do is committed too.

import test from 'ava';
import { openLog, temporaryDirectory } from '../source/event-log.ts';

test('lost-wake-up: a note pushed some microtasks after the last commit does not wait for ever', async (t) => {
  const log = await openLog(await temporaryDirectory(t));
  t.teardown(() => log.close());
  const define = (key: string) => log.defineSource({ owner: 'o', key, identity: {}, position: 0 });
  for (let delay = 0; delay < 12; delay++) {
    const [first, second] = [define(`${delay} a`), define(`${delay} b`)];
    await log.forgetSource(first);
    for (let turn = 0; turn < delay; turn++) await null;
    const deadline = Promise.withResolvers<string>();
    const timer = setTimeout(() => deadline.resolve(`stuck after ${delay} microtasks`), 2_000);
    t.is(await Promise.race([log.forgetSource(second), deadline.promise]), undefined);
    clearTimeout(timer);
  }
});
