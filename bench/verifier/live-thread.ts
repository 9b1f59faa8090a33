// A live verifier in a thread of its own, so that judging never holds up the rig. This file is both sides: the main
// thread starts it again as the worker. The worker answers each file with `taken`, and the end with the verdict.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { readManifest } from '../generator/manifest.ts';
import { VerifyError } from './errors.ts';
import { LiveVerifier } from './live.ts';
import type { DestinationVerdict } from './spec.ts';

interface LiveJob {
  readonly name: string;
  readonly liveManifestPath: string;
}

type Order = { readonly take: string } | { readonly conclude: true };

export class LiveThread {
  readonly #worker: Worker;
  readonly #verdict = Promise.withResolvers<DestinationVerdict>();
  #given = 0;
  #taken = 0;

  constructor(name: string, manifestPath: string) {
    const job: LiveJob = { name, liveManifestPath: manifestPath };
    this.#worker = new Worker(new URL(import.meta.url), { workerData: job });
    this.#worker.on('message', (message: 'taken' | DestinationVerdict) => {
      if (message === 'taken') this.#taken++;
      else this.#verdict.resolve(message);
    });
    this.#worker.once('error', (cause: Error) => {
      this.#verdict.reject(new VerifyError(`cannot verify ${name}: ${cause.message}`, { cause }));
    });
    this.#worker.once('exit', () => this.#verdict.reject(new VerifyError(`the verifier of ${name} ended`)));
    this.#verdict.promise.catch(() => undefined);
  }

  /** Files that wait to be judged. */
  get waiting(): number {
    return this.#given - this.#taken;
  }

  take(path: string): void {
    this.#given++;
    this.#send({ take: path });
  }

  conclude(): Promise<DestinationVerdict> {
    this.#send({ conclude: true });
    return this.#verdict.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(order: Order): void {
    this.#worker.postMessage(order);
  }
}

async function work(port: NonNullable<typeof parentPort>, job: LiveJob): Promise<void> {
  const verifier = await LiveVerifier.open(job.name, await readManifest(job.liveManifestPath));
  let before: Promise<void> = Promise.resolve();
  port.on('message', (order: Order) => {
    before = before.then(async () => {
      if ('take' in order) {
        await verifier.take(order.take);
        port.postMessage('taken');
      } else {
        port.postMessage(verifier.conclude(await readManifest(job.liveManifestPath)));
      }
    });
    // The thread ends with the error, which its other side hears.
    before.catch((error: unknown) => {
      throw error;
    });
  });
}

if (!isMainThread && parentPort && isJob(workerData)) await work(parentPort, workerData);

function isJob(data: unknown): data is LiveJob {
  return typeof data === 'object' && data !== null && 'liveManifestPath' in data;
}
