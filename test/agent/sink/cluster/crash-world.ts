// A sender and three members, each a real log on a model disk, with real sockets between them. Any of them may be stopped
// at any step of its disk, lose what it had not synced, and be opened again on what is left.

import { pino } from 'pino';
import type { Address } from '../../../../agent/config/address.ts';
import type { EventLog } from '../../../../agent/log/log.ts';
import { StaticRegistry } from '../../../../agent/registry/static.ts';
import { ClusterDestination, type ClusterOptions } from '../../../../agent/sink/cluster/cluster.ts';
import { ListenSource } from '../../../../agent/source/listen.ts';
import { openOn } from '../../log/crash-case.ts';
import { appendLines, sourceOf } from '../../log/lines.ts';
import { ModelDisk } from '../../log/model-disk.ts';
import { below, type Random } from '../../log/random.ts';
import { LOG_OPTIONS } from '../sending.ts';
import { clusterOptions } from './clustering.ts';

/** In graphite's format the first word is the key. */
const KEYS = 20;
type Sharing = Pick<ClusterOptions['cluster'], 'strategy' | 'key'>;

const OPTIONS = { ...LOG_OPTIONS, segmentBytes: 16 * 1024, journalBytesMax: 16 * 1024 };
const logger = pino({ level: 'silent' });

/** Something on a disk that can be stopped and opened again. */
abstract class Node {
  protected disk: ModelDisk;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    this.disk = new ModelDisk(random);
  }

  /** From here on its disk takes so many steps and then nothing any more. */
  stopAfter(steps: number): void {
    const last = this.disk.steps + steps;
    this.disk.plan = (step) => (step > last ? 'stop' : 'go');
  }

  protected next(endedBy: 'kill' | 'power'): void {
    this.disk.abandon();
    this.disk = this.disk.after(endedBy, this.#random);
  }

  get stopped(): Promise<void> {
    return this.disk.stopped;
  }
}

export class MemberNode extends Node {
  #port = 0;
  #log: EventLog | null = null;
  #source: ListenSource | null = null;

  async open(): Promise<void> {
    this.#log = await openOn(this.disk, OPTIONS);
    this.#source = new ListenSource(
      {
        name: 'hop',
        instance: 'member',
        version: '0',
        address: { host: '127.0.0.1', port: this.#port },
        connectionsMax: 16,
        handshakesMax: 16,
        peersMax: 8,
        peerForgetMs: 3_600_000,
        windowBytes: 2 ** 20,
        windowBatches: 256,
        batchBytesMax: 65_536,
        handshakeTimeoutMs: 1_000,
        heartbeatMs: 50,
        peerTimeoutMs: 5_000,
      },
      this.#log,
      logger,
    );
    await this.#source.open();
    this.#port = this.#source.address.port;
  }

  get address(): Address {
    return { host: '127.0.0.1', port: this.#port };
  }

  async die(endedBy: 'kill' | 'power'): Promise<void> {
    const [source, log] = [this.#source, this.#log];
    this.next(endedBy);
    await source?.close().catch(() => undefined);
    await log?.close().catch(() => undefined);
  }

  /** Every line it has, as often as it has it. */
  lines(): string[] {
    const names = this.disk.paths().filter((path) => path.endsWith('.log'));
    const end = this.#log?.endOffset ?? 0;
    return Buffer.concat(names.map((path) => this.disk.bytesOf(path)))
      .subarray(0, end)
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  }
}

export class SenderNode extends Node {
  readonly #members: readonly Address[];
  #log: EventLog | null = null;
  #destination: ClusterDestination | null = null;
  readonly #sharing: Sharing;
  #written = 0;
  /** Lines whose append was promised. */
  readonly promised = new Set<string>();

  constructor(random: Random, members: readonly Address[], sharing: Sharing) {
    super(random);
    this.#sharing = sharing;
    this.#members = members;
  }

  async open(): Promise<void> {
    const log = await openOn(this.disk, OPTIONS);
    this.#log = log;
    const options = clusterOptions(this.#members, {
      rangeBytes: 4096,
      handoverMs: 50,
      ...this.#sharing,
    });
    this.#destination = await ClusterDestination.open(options, {
      log,
      registry: new StaticRegistry({}),
      logger,
    });
    log.holders.startRetention();
    this.#destination.start();
  }

  get destination(): ClusterDestination {
    if (this.#destination === null) throw new Error('the sender is not open');
    return this.#destination;
  }

  async append(random: Random): Promise<void> {
    const log = this.#log;
    if (log === null) throw new Error('the sender is not open');
    const lines = Array.from({ length: 1 + below(random, 12) }, () => {
      return `k${below(random, KEYS)} ${this.#written++} ${'x'.repeat(below(random, 150))}`;
    });
    await appendLines(log, sourceOf(log), lines);
    for (const line of lines) this.promised.add(line);
  }

  async die(endedBy: 'kill' | 'power'): Promise<void> {
    const [destination, log] = [this.#destination, this.#log];
    this.next(endedBy);
    await destination?.close(0).catch(() => undefined);
    await log?.close().catch(() => undefined);
    this.#destination = null;
  }
}
