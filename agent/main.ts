// The agent's command line. Exit status: 0 after a clean stop, 2 for bad usage or configuration, 1 for what failed.
// Each command loads what it needs, so that a tool answers at once.

import { parseArgs } from 'node:util';
import type { Agent } from './agent.ts';
import { exitStatusOf, SpillwayError } from './errors.ts';
import { CURSOR_USAGE, DUMP_USAGE, FSCK_USAGE, LS_USAGE } from './inspect/usage.ts';

const USAGE = `usage: agent run --config FILE      run until SIGTERM or SIGINT; SIGHUP: read FILE again
       agent check --config FILE    say what is wrong with a configuration, without running it
       ${LS_USAGE}
       ${FSCK_USAGE}
       ${DUMP_USAGE}
       ${CURSOR_USAGE}`;

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case 'run':
      return await run(configPath(rest));
    case 'check':
      return await check(configPath(rest));
    case 'ls':
      return await (await import('./inspect/ls.ts')).ls(rest);
    case 'fsck':
      return await (await import('./inspect/fsck.ts')).fsck(rest);
    case 'dump':
      return await (await import('./inspect/dump.ts')).dump(rest);
    case 'cursor':
      return await (await import('./inspect/cursor.ts')).cursor(rest);
    case 'help':
    case '--help':
      console.log(USAGE);
      return 0;
    default:
      throw new SpillwayError(
        'bad-usage',
        `${command === undefined ? 'no command' : `unknown command ${command}`}\n${USAGE}`,
      );
  }
}

function configPath(args: readonly string[]): string {
  let config: string | undefined;
  try {
    config = parseArgs({ args: [...args], options: { config: { type: 'string' } } }).values.config;
  } catch (error) {
    throw new SpillwayError('bad-usage', `${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
  if (config === undefined) throw new SpillwayError('bad-usage', `--config FILE is missing\n${USAGE}`);
  return config;
}

async function check(path: string): Promise<number> {
  const { loadConfig } = await import('./config/load.ts');
  const config = await loadConfig(path, { dates: 'checked' });
  for (const warning of config.warnings) console.log(`warning: ${warning}`);
  console.log(`${path}: ok`);
  return 0;
}

async function run(path: string): Promise<never> {
  // first of all: what it loads takes a moment in which it may be told to stop
  const stop = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop.resolve(signal);
      // a second one means it
      process.once(signal, () => process.exit(1));
    });
  }
  // one that comes while it starts counts, too: the file may have been read already
  const started = Promise.withResolvers<Agent>();
  process.on('SIGHUP', () => void started.promise.then((agent) => agent.reload()));
  const { Agent } = await import('./agent.ts');
  const { loadConfig } = await import('./config/load.ts');
  const { pino } = await import('pino');
  const config = await loadConfig(path);
  const logger = pino(
    { level: process.env['SPILLWAY_LOG_LEVEL'] ?? 'info', base: { instance: config.id, pid: process.pid } },
    pino.destination({ dest: 1, sync: true }),
  );
  for (const warning of config.warnings) logger.warn({ file: config.file }, warning);
  const starting = Agent.start(config, logger);
  starting.then(started.resolve, () => undefined);
  const agent = await startUnlessStopped(starting, stop.promise);
  if (agent === null) {
    // nothing moved yet; what hangs in the start (a dead mount) must not keep the process
    logger.info({}, 'stopped while starting');
    process.exit(0);
  }
  logger.info({ file: config.file, log: config.log.dir, durability: config.log.durability }, 'started');
  try {
    const signal = await Promise.race([stop.promise, agent.failed]);
    logger.info({ signal }, 'stopping');
  } finally {
    await agent.close();
    logger.info({}, 'stopped');
  }
  // everything of ours is closed; what a library still waits for must not keep the process
  process.exit(0);
}

async function startUnlessStopped(starting: Promise<Agent>, stop: Promise<unknown>): Promise<Agent | null> {
  return await Promise.race([starting, stop.then(() => null)]);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(
    `agent: ${error instanceof SpillwayError ? error.message : error instanceof Error ? error.stack : error}`,
  );
  process.exitCode = exitStatusOf(error);
}
