// Samples shaped like what an agent on a few hundred hosts reports: several measurements, hosts with roles,
// regions, one or two fields. They are made once, from the seed; what changes from event to event (sequence,
// time, the last digits of the first value) is patched in later.

import { type Field, type MetricSample, SLOT } from './format.ts';
import { seededRandom } from './random.ts';

/** Length of the cycle. Its templates must stay in the processor's cache: this is what makes patching fast. */
export const SYNTHETIC_SAMPLES = 4000;

const ROLES = ['web', 'api', 'db', 'cache', 'queue', 'batch'] as const;
const REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-north-1', 'sa-east-1'] as const;
const HOSTS = 250;

type Random = () => number;
const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const pick = <T>(random: Random, items: readonly [T, ...T[]]): T =>
  items[below(random, items.length)] ?? items[0];

/** `d` + `d.dd` patched in later, so a value from 10.00 to 99.99 that changes with every event. */
const percent = (random: Random): string => `${1 + below(random, 9)}${SLOT.value}`;
const load = (): string => SLOT.value;
const amount =
  (digits: number) =>
  (random: Random): string =>
    `${1 + below(random, 9)}${String(below(random, 10 ** (digits - 1))).padStart(digits - 1, '0')}${SLOT.value}`;

interface Measurement {
  readonly name: string;
  readonly field: string;
  readonly value: (random: Random) => string;
  readonly second?: readonly [name: string, value: (random: Random) => string];
  readonly device?: readonly [string, ...string[]];
}

const integer =
  (digits: number) =>
  (random: Random): string =>
    `${1 + below(random, 9)}${String(below(random, 10 ** (digits - 1))).padStart(digits - 1, '0')}i`;

const MEASUREMENTS: readonly [Measurement, ...Measurement[]] = [
  { name: 'cpu', field: 'user', value: percent },
  { name: 'cpu', field: 'system', value: percent },
  { name: 'mem', field: 'used_percent', value: percent },
  { name: 'disk', field: 'used_percent', value: percent },
  { name: 'diskio', field: 'write_kb', value: amount(4), device: ['sda', 'sdb'] },
  { name: 'net', field: 'recv_kb', value: amount(4), second: ['drop_in', integer(2)] },
  { name: 'load', field: 'load1', value: load, second: ['n_cpus', integer(2)] },
  { name: 'http', field: 'p99_ms', value: amount(2), second: ['hits', integer(4)] },
];

/** Pure: the same seed gives the same samples. Hosts report all their measurements one after the other. */
export function syntheticSamples(seed: number): readonly MetricSample[] {
  const random = seededRandom(seed);
  const hosts = Array.from({ length: HOSTS }, (_, index): readonly Field[] => [
    ['host', `${pick(random, ROLES)}-${String(index).padStart(4, '0')}`],
    ['region', pick(random, REGIONS)],
  ]);
  return Array.from({ length: SYNTHETIC_SAMPLES }, (_, index) => {
    const host = hosts[Math.floor(index / MEASUREMENTS.length) % HOSTS] ?? [];
    return sampleOf(MEASUREMENTS[index % MEASUREMENTS.length] ?? MEASUREMENTS[0], host, random);
  });
}

function sampleOf(measurement: Measurement, host: readonly Field[], random: Random): MetricSample {
  const { name, field, value, second, device } = measurement;
  const first: Field = [field, value(random)];
  return {
    measurement: name,
    tags: device ? [...host, ['device', pick(random, device)]] : host,
    fields: second ? [first, [second[0], second[1](random)]] : [first],
  };
}
