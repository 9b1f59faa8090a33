// How each kind of figure is scaled, ticked and written.

/** A tick needs no trailing zeros: `50.0 k` is `50 k`. */
export function tick(value, units) {
  return formatScaled(value, units)
    .replace(/(\.\d*?)0+(?= |$)/, '$1')
    .replace(/\.(?= |$)/, '');
}

const COUNTS = ['', 'k', 'M', 'G'];

/** Bytes are ticked in the one unit that fits the largest value, which then stands in the axis label. */
function byteAxis(suffix) {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = (most) => Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, most)) / 3)));
  return {
    label: (most) => names[power(most)] + suffix,
    ticks: (splits, most) => splits.map((value) => tick(value / 1000 ** power(most), COUNTS)),
    incrs: (most) => steps().map((step) => step * 1000 ** power(most)),
  };
}

/** 1, 2, 5 and their tens, from a thousandth up. */
function steps() {
  return Array.from({ length: 24 }, (_, index) => [1, 2, 5][index % 3] * 10 ** (Math.floor(index / 3) - 3));
}

const plain = (label) => ({
  label: () => label,
  ticks: (splits) => splits.map((value) => tick(value, COUNTS)),
  incrs: () => undefined,
});

/** By unit: the axis, and how one value is written in the legend. `load` turns the data into what is drawn. */
export function unitOf(name, eventBytes) {
  const perEvent = eventBytes > 0 ? eventBytes : 1;
  const units = {
    eventRate: {
      ...plain('events/s'),
      load: (value) => value / perEvent,
      write: (value) => `${formatPerSecond(value)} · ${formatBytesPerSecond(value * perEvent)}`,
    },
    backlog: {
      ...byteAxis(''),
      load: (value) => value,
      write: (value) => `${formatBytes(value)} · ${formatEvents(value / perEvent)} events`,
    },
    latency: {
      label: () => 'ms',
      ticks: (splits) =>
        splits.map((value) =>
          Math.abs(Math.log10(value) % 1) < 1e-6 ? value.toLocaleString('en-US') : null,
        ),
      incrs: () => undefined,
      load: (value) => value,
      write: formatMs,
    },
    cores: { ...plain('cores'), load: (value) => value, write: formatCores },
    bytes: { ...byteAxis(''), load: (value) => value, write: formatBytes },
    byteRate: { ...byteAxis('/s'), load: (value) => value, write: formatBytesPerSecond },
  };
  return units[name];
}

/** Round numbers of MB/s for the right axis of the rate chart, given back in events/s. */
export function megabyteSplits(most, eventBytes, count) {
  const top = (most * eventBytes) / 1e6;
  const step = steps().find((each) => top / each <= count) ?? top;
  const splits = [];
  for (let at = 0; at <= top && splits.length < 50; at += step) splits.push((at * 1e6) / eventBytes);
  return splits;
}

/** Seconds between ticks of the time axis. */
export const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800,
];
