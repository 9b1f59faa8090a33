// All destinations of an agent over a log on a disk of the test's own, changed as a reload changes them.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { loadConfig } from '../../../agent/config/load.ts';
import type { DestinationConfig } from '../../../agent/config/schema.ts';
import type { DestinationSnapshot } from '../../../agent/http/snapshot.ts';
import type { EventLog } from '../../../agent/log/log.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { FanOut } from '../../../agent/sink/fan-out.ts';
import { openOn } from '../log/crash-case.ts';
import { appendLines, sourceOf } from '../log/lines.ts';
import { ModelDisk, systemError } from '../log/model-disk.ts';
import { randomOf } from '../log/random.ts';
import { captureLogger } from '../source/captured-logger.ts';
import { temporaryDirectory } from '../source/event-log.ts';
import { LOG_OPTIONS } from './sending.ts';

const HALT_MS = 1_000;
export const RETRY_MAX_MS = 20;
const RETRIES = `retryMinMs: 10, retryMaxMs: ${RETRY_MAX_MS}`;

export class Changing {
  readonly disk: ModelDisk;
  readonly log: EventLog;
  readonly fanOut: FanOut;
  readonly lines: ReturnType<typeof captureLogger>['lines'];
  readonly #file: string;

  private constructor(disk: ModelDisk, log: EventLog, file: string) {
    const { logger, lines } = captureLogger();
    const parts = { log, registry: new StaticRegistry({}), logger };
    this.disk = disk;
    this.log = log;
    this.lines = lines;
    this.#file = file;
    this.fanOut = new FanOut(parts, { instance: 'sender', version: '0' }, LOG_OPTIONS);
  }

  /** Without destinations. */
  static async prepare(t: ExecutionContext): Promise<Changing> {
    const file = join(await temporaryDirectory(t), 'agent.yaml');
    const disk = new ModelDisk(randomOf(1));
    const log = await openOn(disk, LOG_OPTIONS);
    log.holders.startRetention();
    const changing = new Changing(disk, log, file);
    t.teardown(async () => {
      disk.plan = () => 'go';
      await changing.fanOut.close(0);
      await log.close();
    });
    return changing;
  }

  /** What the configuration says of a destination: its keys in YAML, without the name. */
  async destination(name: string, keys: string): Promise<DestinationConfig> {
    const destinations = `destinations:\n  - { name: ${name}, ${keys}, ${RETRIES} }\n`;
    await writeFile(this.#file, `id: sender\nlog: { dir: log }\nsources: []\n${destinations}`);
    const [config] = (await loadConfig(this.#file)).destinations;
    if (config === undefined) throw new Error('no destination was read');
    return config;
  }

  async add(name: string, keys: string): Promise<void> {
    const added = [await this.destination(name, keys)];
    await (await this.fanOut.prepare({ added, changed: [], removed: [] })).commit(HALT_MS);
  }

  async change(name: string, keys: string): Promise<void> {
    const changed = [await this.destination(name, keys)];
    await (await this.fanOut.prepare({ added: [], changed, removed: [] })).commit(HALT_MS);
  }

  async remove(name: string): Promise<void> {
    await (await this.fanOut.prepare({ added: [], changed: [], removed: [name] })).commit(HALT_MS);
  }

  snapshot(name: string): DestinationSnapshot {
    const found = this.fanOut.snapshots().find((one) => one.name === name);
    if (found === undefined) throw new Error(`no destination ${name}`);
    return found;
  }

  append(...lines: string[]): Promise<void> {
    return appendLines(this.log, sourceOf(this.log), lines);
  }

  /** No cursor can be written, until the disk is `mended`. */
  failCursors(): void {
    this.disk.plan = (_, name, path) =>
      path.endsWith('.cursor') && name !== 'remove' ? systemError('EIO', path) : 'go';
  }

  mend(): void {
    this.disk.plan = () => 'go';
  }
}
