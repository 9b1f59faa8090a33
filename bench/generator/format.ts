// How a metric sample looks as a line, in the three formats the generator speaks, and where its identity stands.
//
//   influx    cpu,host=web-0012,region=eu-west-1,runner=01,epoch=01 user=23.41,seq=000000123456i 1732212345123000000
//   graphite  cpu.user;host=web-0012;region=eu-west-1;runner=01;epoch=01;seq=000000123456 23.41 1732212345.123
//   json      {"name":"cpu.user","host":"web-0012.eu-west-1","run":"1.1","seq":"000000123456","ts":1732212345123,"v":23.41}
//             where `run` is runner and epoch
//
// A template is such a line with control characters where digits are patched in for every event: the sequence,
// the intended send time (seconds and milliseconds apart, because graphite has a point between them) and the
// last four characters of the first value.

import type { Format } from './spec.ts';

/** Placeholders of a template; the number of characters is the width of the field. */
export const SLOT = {
  sequence: '\x01'.repeat(12),
  seconds: '\x02'.repeat(10),
  millis: '\x03'.repeat(3),
  /** `d.dd` */
  value: '\x04'.repeat(4),
} as const;

export interface MetricSample {
  readonly measurement: string;
  readonly tags: readonly (readonly [name: string, value: string])[];
  /** Values are number texts; graphite and json carry the first one only. */
  readonly fields: readonly [Field, ...Field[]];
}
export type Field = readonly [name: string, value: string];

export interface Origin {
  readonly runner: number;
  readonly epoch: number;
}

export interface LineFormat {
  readonly template: (sample: MetricSample, origin: Origin) => string;
  /** Finds runner, epoch and sequence in a line. */
  readonly identity: RegExp;
  /** What follows the milliseconds in every line of the format: patched together with them. */
  readonly afterMillis: string;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

function influx({ measurement, tags, fields }: MetricSample, { runner, epoch }: Origin): string {
  const labels = tags.map(([name, value]) => `,${name}=${value}`).join('');
  const values = fields.map(([name, value]) => `${name}=${value}`).join(',');
  return (
    `${measurement}${labels},runner=${twoDigits(runner)},epoch=${twoDigits(epoch)} ` +
    `${values},seq=${SLOT.sequence}i ${SLOT.seconds}${SLOT.millis}000000\n`
  );
}

function graphite({ measurement, tags, fields: [[field, value]] }: MetricSample, origin: Origin): string {
  const labels = tags.map(([name, text]) => `;${name}=${text}`).join('');
  return (
    `${measurement}.${field}${labels};runner=${twoDigits(origin.runner)};epoch=${twoDigits(origin.epoch)}` +
    `;seq=${SLOT.sequence} ${value} ${SLOT.seconds}.${SLOT.millis}\n`
  );
}

/** Short keys, and host and region as one name: JSON repeats every key in every line. */
function json({ measurement, tags, fields: [[field, value]] }: MetricSample, origin: Origin): string {
  const region = tags.find(([name]) => name === 'region');
  const labels = tags
    .filter((tag) => tag !== region)
    .map(([name, text]) => `,"${name}":"${name === 'host' && region ? `${text}.${region[1]}` : text}"`)
    .join('');
  return (
    `{"name":"${measurement}.${field}"${labels},"run":"${origin.runner}.${origin.epoch}"` +
    `,"seq":"${SLOT.sequence}","ts":${SLOT.seconds}${SLOT.millis},"v":${value}}\n`
  );
}

export const FORMATS: Readonly<Record<Format, LineFormat>> = {
  influx: {
    template: influx,
    identity: /,runner=(\d+),epoch=(\d+) [^ ]*,seq=(\d{12})i /,
    afterMillis: '0',
  },
  graphite: {
    template: graphite,
    identity: /;runner=(\d+);epoch=(\d+);seq=(\d{12}) /,
    afterMillis: '\n',
  },
  json: {
    template: json,
    identity: /"run":"(\d+)\.(\d+)","seq":"(\d{12})"/,
    afterMillis: ',',
  },
};
