// Whether two checkouts would do the same: a digest of everything that runs on a machine of the chain.

import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILES = ['{agent,bench,configs}/**/*.{ts,yaml,template,conf,args,sh}', 'package-lock.json'];

export function fingerprint(root: string): string {
  const hash = createHash('sha256');
  for (const file of globSync(FILES, { cwd: root }).sort()) {
    hash
      .update(`${file}\n`)
      .update(readFileSync(join(root, file)))
      .update('\n');
  }
  return hash.digest('hex').slice(0, 16);
}
