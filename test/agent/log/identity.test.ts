// Who a log is survives the loss of identity.json: as a new stream everything it holds would be sent again, silently.

import test, { type ExecutionContext } from 'ava';
import { HEADER_BYTES } from '../../../agent/log/record.ts';
import { crowdedOptions, openOn } from './crash-case.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk } from './model-disk.ts';
import { randomOf } from './random.ts';
import { openCursor } from './workload.ts';

const options = crowdedOptions('/model/log', 'fsync');
const identity = '/model/log/identity.json';

async function written(lines = 40): Promise<{ disk: ModelDisk; stream: string }> {
  const disk = new ModelDisk(randomOf(1));
  await using log = await openOn(disk, options);
  for (let line = 0; line < lines; line++)
    await appendLines(log, sourceOf(log), [`${line} `.padEnd(500, 'x')]);
  const { file } = await openCursor(log);
  await file.close();
  return { disk, stream: log.stream };
}

const DAMAGES: Readonly<Record<string, (disk: ModelDisk) => void>> = {
  missing: (disk) => disk.vanish(identity),
  empty: (disk) => disk.damage(identity, () => Buffer.alloc(0)),
  garbage: (disk) => disk.damage(identity, (bytes) => bytes.fill(0x5a)),
};
const journals = (disk: ModelDisk) => disk.paths().filter((path) => path.endsWith('.journal'));
const cursors = (disk: ModelDisk) => disk.paths().filter((path) => path.endsWith('.cursor'));
/** As a journal is whose header rotted and was made again, or that is older than the field. */
const forgetStream = (disk: ModelDisk) => {
  for (const path of journals(disk)) disk.damage(path, (bytes) => bytes.fill(0, 0, HEADER_BYTES));
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`a missing identity makes a new stream: ${name}, and the journals say who it is`, async (t) => {
    const { disk, stream } = await written();
    for (const path of cursors(disk)) disk.vanish(path);
    damage(disk);
    await using log = await openOn(disk, options);
    t.is(log.stream, stream);
    t.regex(log.remarks.join(), /identity\.json .*restored it, the journals name stream/);
    t.true(disk.bytesOf(identity).toString().includes(stream));
  });

  test(`a missing identity makes a new stream: ${name}, and only the cursor says who it is`, async (t) => {
    const { disk, stream } = await written();
    forgetStream(disk);
    damage(disk);
    await using log = await openOn(disk, options);
    t.is(log.stream, stream);
    t.regex(log.remarks.join(), /the cursors name stream/);
  });

  test(`an identity that cannot be told is refused with what to do: ${name}`, async (t) => {
    const { disk } = await written();
    forgetStream(disk);
    for (const path of cursors(disk)) disk.vanish(path);
    damage(disk);
    const error = await refusal(t, disk);
    t.regex(error, /identity\.json (is missing|does not say)/);
    t.regex(error, /agent fsck \/model\/log --repair/);
    t.false(
      disk.paths().includes(identity) && disk.bytesOf(identity).includes('stream'),
      'nothing is made up',
    );
  });

  test(`an empty log without identity begins a stream: ${name}`, async (t) => {
    const { disk } = await written();
    for (const path of disk.paths()) if (path !== identity) disk.vanish(path);
    damage(disk);
    await using log = await openOn(disk, options);
    t.regex(log.stream, /^[0-9a-f]{32}$/);
  });
}

test('journals of two logs in one directory do not say who it is', async (t) => {
  const { disk } = await written();
  const [first = ''] = journals(disk);
  const { disk: other } = await written();
  const theirs = other.bytesOf(journals(other)[0] ?? '').subarray(0, HEADER_BYTES);
  disk.damage(first, (bytes) => Buffer.concat([theirs, bytes.subarray(HEADER_BYTES)]));
  disk.vanish(identity);
  t.regex(await refusal(t, disk), /the journals name several streams/);
});

async function refusal(t: ExecutionContext, disk: ModelDisk): Promise<string> {
  const error = await t.throwsAsync(async () => {
    await using _ = await openOn(disk, options);
  });
  return error instanceof Error ? error.message : '';
}
