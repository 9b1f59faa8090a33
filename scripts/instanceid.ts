// `instanceid`: the id of the instance this shell is in.

import { findInstance } from './instance.ts';

try {
  const instance = findInstance(process.cwd(), process.env);
  if (instance === null) throw new Error('not inside an instance; enter one: scripts/enter instance1');
  process.stdout.write(`${instance.id}\n`);
} catch (error) {
  process.stderr.write(`instanceid: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
