// `npm run certs`: certificates for the links of a chain, from a small authority of its own. Exit status 2 for bad
// usage, 1 for what cannot be done.

import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { AUTHORITY, CertsDirectory, CertsError } from './certs/directory.ts';

const USAGE = `usage: certs create [--dir DIR] [--name TEXT] [--days 3650]        make an authority
       certs issue NAME[=ADDRESS,...]... [--dir DIR] [--days 365]  a certificate for each instance, valid at its addresses
       certs list [--dir DIR]                                      what there is, and how long it is valid
       certs renew [NAME...] [--dir DIR] [--days 365]              new certificates and keys for these names, or for all
DIR is certs/ where it is not given.`;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const HOST = /^(?!-)[A-Za-z0-9_.-]{1,253}$/;
const DAY_MS = 86_400_000;
const SOON_DAYS = 30;

class UsageError extends Error {}

interface Asked {
  readonly directory: CertsDirectory;
  readonly names: readonly string[];
  readonly name: string | undefined;
  readonly days: number | undefined;
}

const COMMANDS: Readonly<Record<string, (asked: Asked) => Promise<void>>> = { create, issue, list, renew };

async function create({ directory, names, name = 'spillway chain', days = 3_650 }: Asked): Promise<void> {
  if (names.length > 0) throw new UsageError(`create takes no names, found ${names.join(' ')}`);
  const key = await directory.create(name, days);
  console.log(`made an authority; keep ${key} to yourself: who has it can be any instance`);
}

async function issue({ directory, names, days = 365 }: Asked): Promise<void> {
  if (names.length === 0) throw new UsageError('issue needs at least one NAME');
  const identities = names.map(parseIdentity);
  const twice = identities.find(({ name }, index) =>
    identities.slice(0, index).some((other) => other.name === name),
  );
  if (twice !== undefined) throw new UsageError(`${twice.name} is named twice`);
  directory.checkNew(identities.map(({ name }) => name));
  for (const { name, addresses } of identities)
    console.log(`issued ${await directory.issue(name, addresses, days)}`);
}

async function list({ directory, names }: Asked): Promise<void> {
  if (names.length > 0) throw new UsageError(`list takes no names, found ${names.join(' ')}`);
  for (const { name, addresses, notAfter } of directory.list()) {
    const days = Math.floor((notAfter.getTime() - Date.now()) / DAY_MS);
    const state =
      days < 0 ? 'EXPIRED' : days < SOON_DAYS ? `${days} days left, renew it` : `${days} days left`;
    const until = notAfter.toISOString().slice(0, 10);
    console.log([name.padEnd(20), until, state, addresses.join(' ')].join('  ').trimEnd());
  }
}

async function renew({ directory, names, days = 365 }: Asked): Promise<void> {
  const all = directory.list().map(({ name }) => name);
  const chosen = names.length > 0 ? names : all.filter((name) => name !== AUTHORITY);
  if (chosen.includes(AUTHORITY)) throw new UsageError('the authority is not renewed: create another');
  for (const name of chosen) console.log(`renewed ${await directory.renew(name, days)}`);
}

/** `instance1=10.0.0.1,host.example` */
function parseIdentity(text: string): { name: string; addresses: string[] } {
  const [name = '', ...rest] = text.split('=');
  if (!NAME.test(name) || name === AUTHORITY) {
    throw new UsageError(`${JSON.stringify(name)} cannot be a name: expected the id of an instance`);
  }
  const addresses = rest.join('=').split(',').filter(Boolean);
  const wrong = addresses.find((address) => isIP(address) === 0 && !HOST.test(address));
  if (wrong !== undefined)
    throw new UsageError(`${JSON.stringify(wrong)} of ${name} is neither an IP address nor a host name`);
  return { name, addresses };
}

function parseDays(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 36_500)
    throw new UsageError(`--days is ${text}, expected a whole number of days, 1 to 36500`);
  return days;
}

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === undefined || command === 'help' || command === '--help') {
    if (command !== undefined) console.log(USAGE);
    else throw new UsageError('no command');
    return;
  }
  const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (run === undefined) throw new UsageError(`unknown command ${command}`);
  const options = { dir: { type: 'string' }, name: { type: 'string' }, days: { type: 'string' } } as const;
  const parsed = (() => {
    try {
      return parseArgs({ args, options, allowPositionals: true });
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  })();
  const { dir = 'certs', name, days } = parsed.values;
  await run({ directory: new CertsDirectory(dir), names: parsed.positionals, name, days: parseDays(days) });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`certs: ${error.message}\n${USAGE}`);
    process.exitCode = 2;
  } else if (error instanceof CertsError || (error instanceof Error && 'syscall' in error)) {
    console.error(`certs: ${error.message}`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
