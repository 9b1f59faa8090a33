// Which folder may import which: the architecture, as a check. Imports of types count; tests may import anything.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

interface Direction {
  /** Files whose path begins so ... */
  readonly from: string;
  /** ... import nothing whose path begins so. */
  readonly never: readonly string[];
  readonly why: string;
}

interface Fence {
  /** A package, and who alone may import it: each dependency stays behind one door. */
  readonly packages: RegExp;
  readonly only: readonly string[];
  readonly why: string;
}

const DIRECTIONS: readonly Direction[] = [
  { from: 'agent/', never: ['bench/', 'infra/', 'scripts/', 'test/'], why: 'the agent stands alone' },
  {
    from: 'agent/wire/',
    never: ['agent/log/', 'agent/sink/', 'agent/source/'],
    why: 'the protocol knows batches, not where they come from or go to',
  },
  {
    from: 'agent/log/',
    never: ['agent/wire/', 'agent/sink/', 'agent/source/'],
    why: 'the log knows bytes and cursors, not sockets or files of others',
  },
  {
    from: 'bench/',
    never: ['agent/', 'infra/', 'scripts/', 'test/'],
    why: 'the bench uses the agent by its command line and /metrics only, as it uses every tool',
  },
  {
    from: 'bench/verifier/',
    never: ['bench/tools/', 'bench/chain/', 'bench/run/'],
    why: 'the verifier judges event files, whoever forwarded them',
  },
  {
    from: 'infra/',
    never: ['agent/', 'bench/', 'test/'],
    why: 'infra provisions machines and knows only AWS',
  },
];

const FENCES: readonly Fence[] = [
  {
    packages: /^etcd3$/,
    only: ['agent/registry/', 'bench/chain/', 'test/'],
    why: 'etcd is reached through the registry',
  },
  {
    packages: /^thrift$/,
    only: ['test/'],
    why: "Scribe is held against Thrift's library; the agent speaks it by itself",
  },
  {
    packages: /^@peculiar\/x509$/,
    only: ['scripts/certs/', 'test/'],
    why: 'certificates are made in one place; the agent only reads them',
  },
  {
    packages: /^(cdktf|@cdktf\/.*|constructs)$/,
    only: ['infra/', 'test/'],
    why: 'cdktf is archived: its successor must be a rename in one folder',
  },
];

const SOURCES = '{agent,bench,infra,scripts,test}/**/*.ts';
const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"\n]+)['"]/g;

export interface Violation {
  readonly file: string;
  readonly imported: string;
  readonly why: string;
}

/** In files below `root`, sorted by file. */
export function findViolations(root: string): Violation[] {
  return globSync(SOURCES, { cwd: root })
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return [...text.matchAll(SPECIFIER)].flatMap(([, specifier = '']) => judge(file, specifier));
    });
}

function judge(file: string, specifier: string): Violation[] {
  if (!specifier.startsWith('.')) {
    const broken = FENCES.filter(
      ({ packages, only }) => packages.test(packageOf(specifier)) && !begins(file, only),
    );
    return broken.map(({ why }) => ({ file, imported: specifier, why }));
  }
  const imported = normalize(join(dirname(file), specifier));
  const broken = DIRECTIONS.filter(({ from, never }) => file.startsWith(from) && begins(imported, never));
  return broken.map(({ why }) => ({ file, imported, why }));
}

function begins(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix));
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

if (import.meta.main) {
  const violations = findViolations(process.argv[2] ?? join(import.meta.dirname, '..'));
  for (const { file, imported, why } of violations) {
    process.stderr.write(`${file} imports ${imported}: ${why}\n`);
  }
  process.exitCode = violations.length === 0 ? 0 : 1;
}
