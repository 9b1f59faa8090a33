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
      (name) => !foldersAbove(path).some((folder) => `${folder}node_modules/${name}` in packages),
    ),
  );
  t.deepEqual(missing, []);
});

/** Where Node looks for what the package at `path` imports: below itself, then beside each package above it. */
function foldersAbove(path: string): string[] {
  const parts = path.split('/node_modules/');
  return [...parts.keys()]
    .map((end) => `${parts.slice(0, parts.length - end).join('/node_modules/')}/`)
    .concat('');
}
