// The bench's command line. Exit status 0: pass; 1: a failed or invalid run; 2: bad usage or configuration;
// 130: interrupted.

import { dirname } from 'node:path';
import { argv, exit } from 'node:process';
import { parseArgs } from 'node:util';
import { down, status, up } from './chain/command.ts';
import { probeCommand } from './fidelity/command.ts';
import { runCommand } from './run/command.ts';
import { untilInterrupted } from './run/interrupt.ts';
import { compareCommand, listCommand, reportCommand, toolsCommand } from './run/listings.ts';
import type { RunCommand } from './run/perform.ts';
import { BenchError, exitStatus } from './run-error.ts';
import { DURATION_EXPECTED, parseDurationMs, parseRate, RATE_EXPECTED } from './scenario-units.ts';
import { verifyCommand } from './verifier/command.ts';

const HELP = `usage: bench COMMAND

  run SCENARIO      run a scenario: a name in configs/bench, or a path
      --tool NAME             a forwarder (see tools): rsyslog, rsyslog:tuned; or one for each link: rsyslog,agent
      --rate R                10M/min, 200k/s, max (the highest sustained rate), flood (a backlog, timed)
      --duration D            60s, 2m
      --durability fsync|os   on disk before it is acknowledged, or in the page cache
      --seed N                the same seed gives the same bytes
      --out DIR               where result.json and report.html go (default results/<time>-<scenario>-<tool>)
      --dir DIR               put the instances' folders there, as for logs on tmpfs: --dir /dev/shm
      --json                  one JSON object as the last line of standard output
      --chain FILE            over the machines of FILE (./create.sh hosts FILE)
      --attach                through the chain that is up, which stays up
      --quick                 shorter, with fewer faults, where the scenario says how
      --tools A,B             of a comparison: these tools only
      --rows A,B              of a comparison: these rows only
      --full                  of a comparison: every row, repeated (the same --out goes on where it stopped)
      --keep                  leave the event files and the chain's folder
  list              the scenarios
  tools             the tools, and how to get those that are not here
      --probe NAME...         what a tool does to awkward lines: tabs, CRLF, empty, 64 KiB, invalid UTF-8
  up [--config FILE]    start a chain and leave it up (default configs/chain/local.yaml)
  down [--list] [NAME...]   stop every chain of this checkout, or these; exit 1 while anything remains
  status                what is up
  report DIR            write DIR/report.html again from DIR/result.json
  compare DIR DIR...    several runs, or several scorecards, side by side; exit 1 when a later one is worse
  verify --manifest FILE EVENTS...    judge any event files

Exit status: 0 pass, 1 failed or invalid, 2 bad usage or configuration, 130 interrupted.
`;

const RUN_OPTIONS = {
  tool: { type: 'string' },
  rate: { type: 'string' },
  duration: { type: 'string' },
  durability: { type: 'string' },
  seed: { type: 'string' },
  out: { type: 'string' },
  dir: { type: 'string' },
  json: { type: 'boolean', default: false },
  chain: { type: 'string' },
  attach: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  full: { type: 'boolean', default: false },
  tools: { type: 'string' },
  rows: { type: 'string' },
  keep: { type: 'boolean', default: false },
} as const;

const root = dirname(import.meta.dirname);
const say = (line: string) => {
  process.stdout.write(`${line}\n`);
};

exit(await main(argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    if (error instanceof BenchError) {
      process.stderr.write(`bench: ${error.message}\n`);
      return exitStatus(error.code);
    }
    // The system's own errors name the call and the path: a stack would add nothing.
    if (error instanceof Error && 'syscall' in error) {
      process.stderr.write(`bench: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

async function dispatch([command, ...rest]: readonly string[]): Promise<number> {
  switch (command) {
    case 'run':
      return untilInterrupted((signal) => runCommand(root, runOptions(rest), signal));
    case 'up': {
      const { config } = options(rest, { config: { type: 'string' } }).values;
      return untilInterrupted((signal) => up(root, config, signal, say));
    }
    case 'down': {
      const { values, positionals: names } = options(
        rest,
        { list: { type: 'boolean', default: false } },
        true,
      );
      return down(root, { listOnly: values.list, names }, say);
    }
    case 'status':
      options(rest, {});
      return status(root, say);
    case 'list':
      options(rest, {});
      return listCommand(root, say);
    case 'tools':
      return toolsOrProbe(rest);
    case 'report':
      return reportCommand(positionals(rest, 1, 'report DIR'), say);
    case 'compare':
      return compareCommand(positionals(rest, 2, 'compare DIR DIR...'), say);
    case 'verify':
      return verifyCommand(rest);
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(HELP);
      return 0;
    default:
      process.stderr.write(command === undefined ? HELP : `bench: no command '${command}'\n\n${HELP}`);
      return 2;
  }
}

async function toolsOrProbe(args: readonly string[]): Promise<number> {
  const specs = {
    probe: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  } as const;
  const { values, positionals: names } = options(args, specs, true);
  if (values.probe && names.length > 0) {
    return untilInterrupted((signal) => probeCommand(root, names, values.json, signal, say));
  }
  if (!values.probe && names.length === 0) return toolsCommand(root, say);
  throw new BenchError('usage', 'usage: bench tools, or bench tools --probe NAME... [--json]');
}

function runOptions(args: readonly string[]): RunCommand {
  const { values, positionals: given } = options(args, RUN_OPTIONS, true);
  const [scenario, ...more] = given;
  if (scenario === undefined || more.length > 0) {
    throw new BenchError('usage', 'expected one scenario: run SCENARIO [options]; see `list`');
  }
  const { tool, rate, duration, durability, seed, out, dir, json, chain, attach, keep, quick } = values;
  if (values.full && quick) throw new BenchError('usage', '--full and --quick exclude each other');
  const overrides = {
    ...(tool !== undefined && { tool }),
    ...(rate !== undefined && { rate: parsed('--rate', rate, parseRate, RATE_EXPECTED) }),
    ...(duration !== undefined && {
      durationMs: parsed('--duration', duration, parseDurationMs, DURATION_EXPECTED),
    }),
    ...(durability !== undefined && {
      durability: parsed('--durability', durability, parseDurability, 'fsync or os'),
    }),
    ...(quick && { quick }),
    ...(seed !== undefined && { seed: parsed('--seed', seed, parseSeed, 'a whole number') }),
  };
  const compare = { full: values.full, tools: namesIn(values.tools), rows: namesIn(values.rows) };
  return { scenario, overrides, out, dir, json, chain, attach, keep, compare };
}

function parsed<T>(option: string, text: string, parse: (text: string) => T | null, expected: string): T {
  const value = parse(text);
  if (value !== null) return value;
  throw new BenchError('usage', `${option}: '${text}' is not understood; expected ${expected}`);
}

function namesIn(list: string | undefined): readonly string[] | undefined {
  return list?.split(',').filter((name) => name !== '');
}

function parseDurability(text: string): 'fsync' | 'os' | null {
  return text === 'fsync' || text === 'os' ? text : null;
}

function parseSeed(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function positionals(args: readonly string[], atLeast: number, usage: string): readonly string[] {
  const given = options(args, {}, true).positionals;
  if (given.length >= atLeast) return given;
  throw new BenchError('usage', `usage: bench ${usage}`);
}

type OptionSpecs = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly default?: boolean }>
>;

function options<const T extends OptionSpecs>(args: readonly string[], specs: T, allowPositionals = false) {
  try {
    return parseArgs({ args: [...args], options: specs, allowPositionals, strict: true });
  } catch (cause) {
    throw new BenchError('usage', `${cause instanceof Error ? cause.message : cause}; see bench help`, {
      cause,
    });
  }
}
