// Whether the certificates, keys and tokens that a configuration names are there and fit together; and what of them is
// allowed but likely not meant.

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SpillwayError } from '../errors.ts';
import { dateFaults, readIdentity } from '../wire/identity.ts';
import { readToken } from '../wire/token.ts';
import type { KeyPath, Problem } from './document.ts';
import type { DestinationTls, ListenTls } from './link.ts';
import type { AgentConfig } from './schema.ts';

interface Secured {
  readonly tls?: ListenTls | DestinationTls | undefined;
  readonly tokenFile?: string | undefined;
}

const READABLE_BY_OTHERS = 0o044;

/** The same with absolute paths. */
export function absoluteFiles<T extends Secured>(item: T, base: string): T {
  const { tls, tokenFile } = item;
  return {
    ...item,
    ...(tokenFile === undefined ? {} : { tokenFile: resolve(base, tokenFile) }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...tls,
            certFile: resolve(base, tls.certFile),
            keyFile: resolve(base, tls.keyFile),
            caFile: resolve(base, tls.caFile),
          },
        }),
  };
}

/** Whether certificates must be valid today: one who only asks wants to know; one who starts does without that link. */
export type Dates = 'checked' | 'unchecked';

export async function credentialProblems(
  config: Pick<AgentConfig, 'sources' | 'destinations'>,
  dates: Dates,
): Promise<Problem[]> {
  return (await Promise.all(securedIn(config).map((placed) => problemsOf(placed, dates)))).flat();
}

export async function credentialDoubts(
  config: Pick<AgentConfig, 'sources' | 'destinations'>,
): Promise<Problem[]> {
  return (await Promise.all(securedIn(config).map(doubtsOf))).flat();
}

type Placed = readonly [KeyPath, Secured];

function securedIn({ sources, destinations }: Pick<AgentConfig, 'sources' | 'destinations'>): Placed[] {
  return [
    ...sources.map((source, index): Placed => [['sources', index], source.type === 'listen' ? source : {}]),
    ...destinations.map((destination, index): Placed => [['destinations', index], destination]),
  ];
}

async function problemsOf([path, { tls, tokenFile }]: Placed, dates: Dates): Promise<Problem[]> {
  const problems: Problem[] = [];
  if (tls !== undefined) {
    const refuse = (error: unknown) => {
      if (!(error instanceof SpillwayError)) throw error;
      problems.push({ path: [...path, 'tls', String(error.data['key'])], at: 'value', text: error.message });
    };
    const identity = await readIdentity(tls).catch(refuse);
    if (identity !== undefined && dates === 'checked') dateFaults(tls, identity, Date.now()).forEach(refuse);
  }
  if (tokenFile !== undefined) {
    await readToken(tokenFile).catch((error: unknown) => {
      if (!(error instanceof SpillwayError)) throw error;
      problems.push({ path: [...path, 'tokenFile'], at: 'value', text: error.message });
    });
  }
  return problems;
}

async function doubtsOf([path, { tls, tokenFile }]: Placed): Promise<Problem[]> {
  const secrets = [
    ...(tls === undefined ? [] : [{ key: ['tls', 'keyFile'], file: tls.keyFile }]),
    ...(tokenFile === undefined ? [] : [{ key: ['tokenFile'], file: tokenFile }]),
  ];
  const doubts = await Promise.all(
    secrets.map(async ({ key, file }): Promise<Problem[]> => {
      // a file that is not there is a problem already
      const mode = await stat(file).then(
        ({ mode }) => mode,
        () => 0,
      );
      if ((mode & READABLE_BY_OTHERS) === 0) return [];
      const text = `${file} can be read by other users than its owner: chmod 600 it`;
      return [{ path: [...path, ...key], at: 'value', text }];
    }),
  );
  return doubts.flat();
}
