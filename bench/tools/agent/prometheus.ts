// The Prometheus text format, as far as counters and gauges need it.

export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseMetrics(text: string): MetricSample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map(parseLine).filter((sample) => sample !== null);
}

/** Sum of all samples of `name` that carry these labels. */
export function sumOf(
  samples: readonly MetricSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels);
  return samples
    .filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, sample) => sum + sample.value, 0);
}

/** The values that a label has in the samples of `name`, in order of appearance. */
export function labelValues(samples: readonly MetricSample[], name: string, label: string): string[] {
  const values = samples.filter((sample) => sample.name === name).map((sample) => sample.labels[label] ?? '');
  return [...new Set(values)];
}

function parseLine(line: string): MetricSample | null {
  const match = LINE.exec(line);
  const [, name, labelText = '', value] = match ?? [];
  if (name === undefined || value === undefined) return null;
  const labels: Record<string, string> = {};
  for (const [, key, text] of labelText.matchAll(LABEL)) {
    if (key !== undefined && text !== undefined) labels[key] = unescaped(text);
  }
  return { name, labels, value: Number(value === '+Inf' ? 'Infinity' : value) };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}
