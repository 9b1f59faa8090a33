// The generator as a process of its own: `node bench/generator/main.ts --spec FILE`.
// Progress goes to standard output, one JSON object a line. SIGTERM or SIGINT ends it early, with a final manifest
// and status 0. Status 2: the spec is wrong; 1: writing failed; the sentence is on standard error.

import { parseArgs } from 'node:util';
import { SpecError } from './errors.ts';
import { generate } from './generator.ts';
import { problem, readGeneratorSpec } from './specfile.ts';

function specPath(): string {
  try {
    const { spec } = parseArgs({ options: { spec: { type: 'string' } } }).values;
    if (spec) return spec;
  } catch (cause) {
    throw new SpecError(`${problem(cause)}; usage: node bench/generator/main.ts --spec FILE`, { cause });
  }
  throw new SpecError('usage: node bench/generator/main.ts --spec FILE');
}

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.on('SIGINT', () => stop.abort());
process.stdout.on('error', () => stop.abort()); // whoever started us is gone

try {
  const spec = await readGeneratorSpec(specPath());
  await generate(spec, stop.signal, (progress) => process.stdout.write(`${JSON.stringify(progress)}\n`));
} catch (cause) {
  process.stderr.write(`generator: ${problem(cause)}\n`);
  process.exitCode = cause instanceof SpecError ? 2 : 1;
}
