// A journal that names a source which it never defined kept the log from opening ever again. It came about in two ways:
// a source was made while the log was failing, or a batch came behind the forgetting of its source.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { crowdedOptions, openOn } from './crash-case.ts';
import { appendLines } from './lines.ts';
import { ModelDisk, systemError } from './model-disk.ts';
import { randomOf } from './random.ts';

const options = crowdedOptions('/model/log', 'fsync');
const define = (key: string) => ({ owner: 'tests', key, identity: {}, position: 0 });

test('a source that is made while the log is failing is known after a restart', async (t) => {
  const random = randomOf(1);
  const disk = new ModelDisk(random);
  const log = await openOn(disk, options);
  const first = log.defineSource(define('first'));
  await appendLines(log, first, ['one']);
  // the new segment's checkpoint is on its way while the second source is made
  const creating = Promise.withResolvers<void>();
  let failed = false;
  disk.plan = (_, name, path) => {
    if (name === 'sync' && path.endsWith('.log') && !failed) {
      failed = true;
      return systemError('EIO', path);
    }
    if (name === 'write' && path.includes('.journal')) creating.resolve();
    return 'go';
  };
  await t.throwsAsync(appendLines(log, first, ['two']), { code: 'disk' });
  await creating.promise;
  t.is(log.facts().state, 'failing');
  const second = log.defineSource(define('second'));
  while (log.facts().state === 'failing') await turn();
  await appendLines(log, second, ['three', 'four']);
  disk.abandon();
  await log.close();

  await using again = await openOn(disk.after('kill', random), options);
  t.is(again.findSource('second')?.position, second.position);
  t.deepEqual(again.end, { offset: 'one\nthree\nfour\n'.length, events: 3 });
});

test('nothing is appended behind the forgetting of its source', async (t) => {
  const random = randomOf(1);
  const disk = new ModelDisk(random);
  const log = await openOn(disk, options);
  const source = log.defineSource(define('gone'));
  const before = appendLines(log, source, ['one']);
  const forgotten = log.forgetSource(source);
  const behind = t.throwsAsync(appendLines(log, source, ['two']), { code: 'closed' });
  await Promise.all([before, forgotten, behind]);
  await t.throwsAsync(appendLines(log, source, ['three']), { code: 'closed' });
  await t.throwsAsync(log.forgetSource(source), { code: 'closed' });
  t.is(log.facts().state, 'ok');
  await log.close();

  await using again = await openOn(disk.after('kill', random), options);
  t.is(again.findSource('gone'), undefined);
  t.is(again.end.events, 1);
  t.deepEqual(again.counts('tests').appended, { events: 1, bytes: 4 });
});

test('a source whose forgetting failed can go on', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  await using log = await openOn(disk, options);
  const source = log.defineSource(define('stays'));
  await appendLines(log, source, ['one']);
  let failed = false;
  disk.plan = (_, name, path) => {
    if (failed || name !== 'sync') return 'go';
    failed = true;
    return systemError('EIO', path);
  };
  await t.throwsAsync(log.forgetSource(source), { code: 'disk' });
  while (log.facts().state === 'failing') await turn();
  await appendLines(log, source, ['two']);
  t.is(log.end.events, 2);
});
