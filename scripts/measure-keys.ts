// How fast keyHash reads keys: lines like the generator's through the agent's reader, for one core: the processor's
// time counts, not the clock's. `node scripts/measure-keys.ts [SECONDS]` prints one line a format.

import { KeyReader } from '../agent/sink/cluster/key.ts';
import { FORMATS, SLOT } from '../bench/generator/format.ts';
import { syntheticSamples } from '../bench/generator/synthetic.ts';

const seconds = Number(process.argv[2] ?? 2);
const SLOT_TEXT = new Map<string, string>([
  [SLOT.sequence, '000000123456'],
  [SLOT.seconds, '1700000000'],
  [SLOT.millis, '123'],
  [SLOT.value, '4.56'],
]);

function linesOf(format: 'influx' | 'graphite' | 'json'): Buffer {
  const lines = syntheticSamples(1).map((sample) =>
    FORMATS[format].template(sample, { runner: 0, epoch: 0 }),
  );
  let text = lines.join('');
  for (const [slot, value] of SLOT_TEXT) text = text.replaceAll(slot, value);
  return Buffer.from(text);
}

function measure(format: 'influx' | 'graphite' | 'json', field?: string): void {
  const reader = new KeyReader(field === undefined ? { format } : { format, field });
  const buffer = linesOf(format);
  for (let n = 0; n < 20; n++) reader.read(buffer); // compiled by now
  const started = process.cpuUsage();
  const usedSeconds = () => {
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  };
  let events = 0;
  let bytes = 0;
  while (usedSeconds() < seconds) {
    events += reader.read(buffer).events;
    bytes += buffer.length;
  }
  const took = usedSeconds();
  const perSecond = `${(events / took / 1e6).toFixed(1)} M events/s, ${(bytes / took / 1e6).toFixed(0)} MB/s`;
  process.stdout.write(
    `${format} by ${field ?? 'name and tags'}: ${perSecond}, ${Math.round(bytes / events)} B an event\n`,
  );
}

measure('influx');
measure('influx', 'host');
measure('graphite');
measure('graphite', 'host');
measure('json');
measure('json', 'host');
