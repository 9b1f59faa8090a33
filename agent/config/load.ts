// Reads an agent's configuration: file -> YAML with places -> sections checked each by its schema -> rules
// over several sections -> absolute paths -> directories. Everything wrong is reported at once, each line
// with file, line, column and key, so that a user edits the file once.

import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { SpillwayError } from '../errors.ts';
import { absoluteFiles, credentialDoubts, credentialProblems, type Dates } from './credentials.ts';
import { directoryProblems, realDirectories } from './directories.ts';
import {
  type ConfigDocument,
  formatPath,
  type KeyPath,
  type Problem,
  parseConfigDocument,
} from './document.ts';
import { doubtsAbout } from './doubts.ts';
import { readConfigFile } from './file.ts';
import { foundAndExpected, problemsOf, valueAt } from './problems.ts';
import { brokenRules } from './rules.ts';
import {
  type AgentConfig,
  destinationSchema,
  httpSchema,
  idSchema,
  logSchema,
  registrySchema,
  roleSchema,
  type SourceConfig,
  sourceSchema,
  stopSchema,
} from './schema.ts';
import { suggest } from './section.ts';

export interface LoadOptions {
  /** Whether the directories it names must be there; an example is checked without them. */
  readonly directories?: 'must-exist' | 'unchecked';
  readonly dates?: Dates;
}

/**
 * The configuration in `file`.
 * @throws SpillwayError with code `config`; its `data.problems` are the single lines of its text.
 */
export async function loadConfig(
  file: string,
  { directories = 'must-exist', dates = 'unchecked' }: LoadOptions = {},
): Promise<AgentConfig> {
  const document = parseConfigDocument(await readConfigFile(file));
  if (document.syntaxProblems.length > 0) {
    throw refusal(
      file,
      document.syntaxProblems.map(({ line, column, text }) => `${file}:${line}:${column}: ${text}`),
    );
  }
  const { config, problems } = check(document.value, resolve(file));
  if (config === undefined) throw refusal(file, linesOf(problems, document, file));
  if (directories === 'must-exist') {
    const missing = [...(await directoryProblems(config)), ...(await credentialProblems(config, dates))];
    if (missing.length > 0) throw refusal(file, linesOf(missing, document, file));
  }
  const doubts = [...doubtsAbout(config, await realDirectories(config)), ...(await credentialDoubts(config))];
  return { ...config, warnings: linesOf(doubts, document, file) };
}

function refusal(file: string, problems: readonly string[]): SpillwayError {
  const [only, ...others] = problems;
  const text =
    others.length === 0 && only !== undefined
      ? only
      : `configuration ${file} has ${problems.length} problems\n${problems.map((line) => `  ${line}`).join('\n')}`;
  return new SpillwayError('config', text, { data: { file, problems } });
}

/** `agent.yaml:12:5: destinations[1].address: found "foo", expected host:port`, in the file's order. */
function linesOf(problems: readonly Problem[], document: ConfigDocument, file: string): string[] {
  return problems
    .map((problem) => ({ ...document.placeOf(problem), key: formatPath(problem.path), text: problem.text }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(
      ({ line, column, key, text }) => `${file}:${line}:${column}: ${key === '' ? '' : `${key}: `}${text}`,
    );
}

const KEYS = ['id', 'role', 'log', 'registry', 'sources', 'destinations', 'http', 'stop'] as const;

type Checked =
  | { readonly config: Omit<AgentConfig, 'warnings'>; readonly problems?: never }
  | { readonly config?: never; readonly problems: readonly Problem[] };

function check(raw: unknown, file: string): Checked {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return {
      problems: [{ path: [], at: 'value', text: foundAndExpected(raw, `a mapping with ${KEYS.join(', ')}`) }],
    };
  }
  const problems: Problem[] = Object.keys(raw)
    .filter((key) => !KEYS.some((known) => known === key))
    .map((key) => ({ path: [key], at: 'key', text: `unknown key, ${suggest(key, KEYS)}` }));

  const part = <S extends z.ZodType>(schema: S, path: KeyPath): z.output<S> | undefined => {
    const value = valueAt(raw, path);
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    problems.push(...problemsOf(parsed.error.issues, value, path));
    return undefined;
  };
  const optional = <S extends z.ZodType>(schema: S, path: KeyPath) =>
    valueAt(raw, path) === undefined ? undefined : part(schema, path);
  const list = <S extends z.ZodType>(schema: S, key: string): (z.output<S> | undefined)[] => {
    const items = valueAt(raw, [key]) ?? [];
    if (Array.isArray(items)) return items.map((_, index) => part(schema, [key, index]));
    problems.push({ path: [key], at: 'value', text: foundAndExpected(items, 'a list') });
    return [];
  };

  const id = part(idSchema, ['id']);
  const role = part(roleSchema, ['role']);
  const log = part(logSchema, ['log']);
  const registry = optional(registrySchema, ['registry']);
  const sources = list(sourceSchema, 'sources');
  const destinations = list(destinationSchema, 'destinations');
  const http = optional(httpSchema, ['http']);
  const stop = valueAt(raw, ['stop']) === undefined ? stopSchema.parse({}) : part(stopSchema, ['stop']);
  problems.push(...brokenRules({ id, log, registry, sources, destinations, http }, raw));

  const complete = id !== undefined && role !== undefined && log !== undefined && stop !== undefined;
  if (!complete || problems.length > 0) return { problems };
  const base = dirname(file);
  return {
    config: {
      file,
      id,
      role,
      log: { ...log, dir: resolve(base, log.dir) },
      sources: sources.filter((source) => source !== undefined).map((source) => absolute(source, base)),
      destinations: destinations
        .filter((destination) => destination !== undefined)
        .map((destination) => absoluteFiles(destination, base)),
      stop,
      ...(registry === undefined ? {} : { registry }),
      ...(http === undefined ? {} : { http }),
    },
  };
}

function absolute(source: SourceConfig, base: string): SourceConfig {
  switch (source.type) {
    case 'tail':
      return { ...source, dir: resolve(base, source.dir) };
    case 'listen':
      return absoluteFiles(source, base);
    case 'scribe':
      return source;
    default:
      return source satisfies never;
  }
}
