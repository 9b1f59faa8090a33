// `npm run certs`: certificates for the links of a chain, from a small authority of its own. Exit status 2 for bad
// usage, 1 for what cannot be done.

import { parseArgs } from 'node:util';
import { CertsDirectory, CertsError } from './certs/directory.ts';
import { parseDays, parseIdentity, UsageError } from './certs/usage.ts';

const USAGE = `usage: certs create [--dir DIR] [--name TEXT] [--days 3650]        make an authority
       certs issue NAME[=ADDRESS,...]... [--dir DIR] [--days 365]  a certificate for each instance, valid at its addresses
       certs list [--dir DIR]                                      what there is, and how long it is valid
       certs renew [NAME...] [--dir DIR] [--days 365]              new certificates and keys for these names, or for all
DIR is certs/ where it is not given.`;

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
/** What an authority is called. */
const NAME_CHARS_MAX = 64;

interface Asked {
  readonly directory: CertsDirectory;
  readonly names: readonly string[];
  readonly name: string | undefined;
  readonly days: number | undefined;
}

interface Command {
  readonly run: (asked: Asked) => Promise<void>;
  /** Besides --dir. */
  readonly options: readonly ('name' | 'days')[];
}

const COMMANDS: Readonly<Record<string, Command>> = {
  create: { run: create, options: ['name', 'days'] },
  issue: { run: issue, options: ['days'] },
  list: { run: list, options: [] },
  renew: { run: renew, options: ['days'] },
};

async function create({ directory, names, name = 'spillway chain', days = 3_650 }: Asked): Promise<void> {
  if (names.length > 0) throw new UsageError(`create takes no names, found ${names.join(' ')}`);
  if (name.trim() === '' || name.length > NAME_CHARS_MAX)
    throw new UsageError(`--name has ${name.length} characters, expected 1 to ${NAME_CHARS_MAX}`);
  const key = await directory.create(name, days);
  console.log(`made an authority; keep ${key} to yourself: who has it can be any instance`);
}

async function issue({ directory, names, days = 365 }: Asked): Promise<void> {
  if (names.length === 0) throw new UsageError('issue needs at least one NAME');
  const identities = names.map(parseIdentity);
  refuseTwice(identities.map(({ name }) => name));
  directory.checkNew(identities.map(({ name }) => name));
  for (const { name, addresses } of identities)
    console.log(`issued ${await directory.issue(name, addresses, days)}`);
}

async function list({ directory, names }: Asked): Promise<void> {
  if (names.length > 0) throw new UsageError(`list takes no names, found ${names.join(' ')}`);
  for (const listed of directory.list()) {
    const { name } = listed;
    if ('fault' in listed) {
      console.log(`${name.padEnd(20)}  ${listed.fault}`);
      continue;
    }
    const { notAfter, addresses, remarks } = listed;
    const days = Math.floor((notAfter.getTime() - Date.now()) / DAY_MS);
    const state =
      days < 0 ? 'EXPIRED' : days < SOON_DAYS ? `${days} days left, renew it` : `${days} days left`;
    const until = notAfter.toISOString().slice(0, 10);
    const said = [name.padEnd(20), until, state, addresses.join(' '), ...remarks];
    console.log(said.filter(Boolean).join('  '));
  }
}

async function renew({ directory, names, days = 365 }: Asked): Promise<void> {
  if (names.some((name) => directory.isAuthority(name)))
    throw new UsageError('the authority is not renewed: create another with another --dir');
  refuseTwice(names);
  const chosen = names.length > 0 ? names : directory.renewable();
  if (chosen.length === 0)
    console.log('there is nothing to renew: certs issue NAME makes a first certificate');
  directory.checkKnown(chosen);
  for (const name of chosen) console.log(`renewed ${await directory.renew(name, days)}`);
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new UsageError(`${twice} is named twice`);
}

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === undefined) throw new UsageError('no command');
  if (command === 'help' || [command, ...args].some((arg) => arg === '--help' || arg === '-h')) {
    console.log(USAGE);
    return;
  }
  const known = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (known === undefined) throw new UsageError(`unknown command ${command}`);
  const parsed = parse(args);
  const { dir = 'certs', name, days } = parsed.values;
  if (dir === '') throw new UsageError('--dir is empty, expected the path of a directory');
  for (const option of ['name', 'days'] as const) {
    if (parsed.values[option] === undefined || known.options.includes(option)) continue;
    throw new UsageError(`${command} takes no --${option}`);
  }
  const directory = new CertsDirectory(dir);
  await known.run({ directory, names: parsed.positionals, name, days: parseDays(days) });
}

function parse(args: readonly string[]) {
  const options = { dir: { type: 'string' }, name: { type: 'string' }, days: { type: 'string' } } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`certs: ${error.message}\n${USAGE}`);
    process.exitCode = 2;
  } else if (error instanceof CertsError) {
    console.error(`certs: ${error.message}`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
