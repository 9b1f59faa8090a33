// What a program is, for results that are to stand in one table: the contents of the files that decide about a result,
// committed or not, and with or without git, which may not be on the machine. Documents and tests do not decide.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hasCode } from '../run-error.ts';

const DECISIVE = ['agent', 'bench', 'configs', 'package-lock.json'];
/** Nobody writes these: caches, editors' files, packages, which the lock file names. */
const LEFT_OUT = /^\.|^node_modules$|~$|\.tsbuildinfo$/;

/** `toolFolders`: of tools outside the checkout. The same contents give the same digest wherever they lie. */
export async function programDigest(root: string, toolFolders: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  const places = [
    ...DECISIVE.map((name) => ({ base: root, path: join(root, name) })),
    ...toolFolders.map((folder) => ({ base: folder, path: folder })),
  ];
  for (const { base, path } of places) {
    for (const file of await filesBelow(path)) {
      const content = createHash('sha256');
      await pipeline(createReadStream(file), content);
      hash.update(`${relative(base, file)}\0${content.digest('hex')}\n`);
    }
    hash.update('\n');
  }
  return hash.digest('hex');
}

/** In one order on every machine; what is linked counts as what it is, but no linked folder is entered. */
async function filesBelow(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (found === null) return [];
  if (found.isFile()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const wanted = entries
    .filter(({ name }) => !LEFT_OUT.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: string[] = [];
  for (const entry of wanted) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(below)));
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(below)))) files.push(below);
  }
  return files;
}

async function isFile(link: string): Promise<boolean> {
  return stat(link).then(
    (found) => found.isFile(),
    () => false,
  );
}
