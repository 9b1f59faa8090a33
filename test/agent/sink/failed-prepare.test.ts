// A reload that cannot open one of its new destinations, and cannot take another back either: it says what failed first,
// and nothing of it holds the log.

import test from 'ava';
import type { DestinationConfig } from '../../../agent/config/schema.ts';
import { systemError } from '../log/model-disk.ts';
import { Changing } from './changing.ts';

test('hold-left-behind: of destinations that are opened in vain, one that cannot be taken back keeps none of the others', async (t) => {
  const changing = await Changing.prepare(t);
  const { disk, log, fanOut } = changing;
  const added: DestinationConfig[] = [];
  for (const name of ['a', 'b', 'c']) {
    added.push(await changing.destination(name, `address: '127.0.0.1:1'`));
  }
  disk.plan = (_, name, path) => {
    const fails = path.endsWith('/c.cursor') || (name === 'remove' && path.endsWith('/a.cursor'));
    return fails ? systemError('EIO', path) : 'go';
  };
  await t.throwsAsync(fanOut.prepare({ added, changed: [], removed: [] }), { message: /c\.cursor/ });
  t.deepEqual(
    changing.lines.map(({ level, destination }) => [level, destination]),
    [[40, 'a']],
  );
  await changing.append('one');
  t.true(log.isDelivered(log.endOffset), 'nothing holds the log');
  changing.mend();
  t.deepEqual(await log.cursors.names(), ['a']);
  await fanOut.look();
  t.true(changing.snapshot('a').orphaned, 'what was left behind is nobody’s');
});

test('hold-left-behind: one whose cursor cannot be closed holds nothing', async (t) => {
  const changing = await Changing.prepare(t);
  const { disk, log, fanOut } = changing;
  const added = [await changing.destination('a', `address: '127.0.0.1:1'`)];
  const change = await fanOut.prepare({ added, changed: [], removed: [] });
  const close = disk.close.bind(disk);
  disk.close = async (fd) => {
    await close(fd);
    throw systemError('EIO', `descriptor ${fd}`);
  };
  await change.discard();
  disk.close = close;
  await changing.append('one');
  t.true(log.isDelivered(log.endOffset));
});
