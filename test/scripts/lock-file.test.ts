// `npm ci` refuses a lock file that leaves out an optional package of another platform, and npm itself leaves them
// out when the registry in use does not carry them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';

interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

test('the lock file has every optional package of every platform', (t) => {
  const file = join(import.meta.dirname, '../../package-lock.json');
  const packages: Record<string, LockedPackage> = JSON.parse(readFileSync(file, 'utf8')).packages;
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
    ),
  );
  t.deepEqual(missing, []);
});
