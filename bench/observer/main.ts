// The observer as a process of its own: `node bench/observer/main.ts --spec FILE`, until SIGTERM or SIGINT.
// Status 0 after a complete last look; 2 if the spec is wrong; 1 if something else fails.

import { parseArgs } from 'node:util';
import { observe } from './observer.ts';
import { ObserverSpecError, readObserverSpec } from './specfile.ts';

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.on('SIGINT', () => stop.abort());

try {
  const { spec } = parseArgs({ options: { spec: { type: 'string' } } }).values;
  if (!spec) throw new ObserverSpecError('usage: node bench/observer/main.ts --spec FILE');
  await observe(await readObserverSpec(spec), stop.signal);
} catch (cause) {
  process.stderr.write(`observer: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = cause instanceof ObserverSpecError || cause instanceof TypeError ? 2 : 1;
}
