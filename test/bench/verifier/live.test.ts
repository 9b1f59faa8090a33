import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { writeManifest } from '../../../bench/generator/manifest.ts';
import { LiveThread } from '../../../bench/verifier/live-thread.ts';
import { eventFiles, found, judged, sent, temporaryDirectory } from './bed.ts';

test('followed live or judged afterwards: the same verdict, and the files are gone', async (t) => {
  const { manifest, lines } = await sent(9000);
  const texts = [
    lines.slice(0, 3000).join(''),
    // one lost, one doubled, one torn
    [...lines.slice(3001, 5000), lines[4000], `${lines[5000]?.slice(10)}`, ...lines.slice(5001, 6000)].join(
      '',
    ),
    lines.slice(6000, 8990).join(''),
  ];
  const dir = await temporaryDirectory(t);
  const path = join(dir, 'manifest.json');
  writeManifest(path, { ...manifest, final: false, events: 0, bytes: 0 });
  const thread = new LiveThread('a', path);
  t.teardown(() => thread.close());
  const files = await eventFiles(t, ...texts);
  for (const file of files) thread.take(file);
  writeManifest(path, manifest);
  const live = await thread.conclude();
  const after = await judged(t, [manifest], ...texts);
  t.deepEqual(found(live), found(after));
  t.is(live.lost.events, 12);
  t.is(live.duplicated.events, 1);
  t.deepEqual([live.bytes, live.files], [after.bytes, 3]);
  t.is(thread.waiting, 0);
  t.false(files.some((file) => existsSync(file)));
});

test('a file that cannot be read ends the verification with its name', async (t) => {
  const { manifest } = await sent(10);
  const dir = await temporaryDirectory(t);
  const path = join(dir, 'manifest.json');
  writeManifest(path, manifest);
  await writeFile(join(dir, 'there.log'), '');
  const thread = new LiveThread('a', path);
  t.teardown(() => thread.close());
  thread.take(join(dir, 'missing.log'));
  await t.throwsAsync(thread.conclude(), {
    message: /cannot verify a: cannot read event file: .*missing\.log/,
  });
});
