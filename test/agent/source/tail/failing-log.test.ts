// A log that fails now and then takes the tail back to what failed: nothing is lost, doubled or out of order. It also
// shows that a hint during a failure does not spin the event loop, which would keep the log from healing.

import { randomInt } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { type Disk, realDisk } from '../../../../agent/log/disk.ts';
import { randomFrom } from '../random.ts';
import { Tailing } from './tailing.ts';

/** Takes a random while for every write, and fails one in so many until told to be well. */
class UnwellDisk {
  readonly disk: Disk;
  failures = 0;
  isWell = true;

  constructor(random: () => number, oneIn: number) {
    const trouble = async () => {
      await sleep(random() * 3);
      if (this.isWell || random() >= 1 / oneIn) return;
      this.failures++;
      throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    };
    this.disk = {
      ...realDisk,
      writev: async (fd, chunks, position) => {
        await trouble();
        // half of what is to be written is there when it fails the other way round
        await realDisk.writev(fd, chunks, position);
      },
      write: async (fd, bytes, position) => {
        await realDisk.write(fd, bytes, position);
        await trouble();
      },
    };
  }
}

test('rewound-while-reading: commits that fail at any moment', async (t) => {
  const seed = randomInt(2 ** 31);
  t.log(`seed ${seed}`);
  const random = randomFrom(seed);
  const tailing = await Tailing.prepare(t, { readBytesMax: 4096, eventBytesMax: 200, activeMs: 1_000 });
  const unwell = new UnwellDisk(random, 10);
  await tailing.start(unwell.disk);
  unwell.isWell = false;
  let expected = '';
  for (let line = 0, file = 0; line < 20_000 || unwell.failures < 4; file++) {
    let text = '';
    const end = line + 1 + Math.floor(random() * 2_000);
    for (; line < end; line++) {
      const event = `${line} ${'x'.repeat(random() < 0.002 ? 300 : 20)}\n`;
      text += event;
      if (event.length <= 200) expected += event;
    }
    const half = Math.floor(random() * text.length);
    const path = tailing.path(`${String(file).padStart(4, '0')}.log`);
    await appendFile(path, text.slice(0, half));
    await sleep(random() * 20);
    await appendFile(path, text.slice(half));
  }
  unwell.isWell = true;
  await tailing.delivers(expected, 15_000);
  tailing.conserves();
});
