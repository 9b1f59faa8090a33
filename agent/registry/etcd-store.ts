// The only file that knows etcd3. It offers the few calls a registry needs, each with a deadline and
// without retries of its own: the registry's loop (etcd.ts) is the one place that decides when to try
// again. Traps of the library that are dealt with here:
//
// - its retries and circuit breaker keep it away for seconds after etcd is back: both are replaced;
// - a watch resumes at its last revision, which an etcd that was wiped reaches much later, if ever: a
//   watch ends at the first disconnection and is made anew by the loop;
// - closing the client with a watch attached leaves a timer that reconnects for ever: watches go first.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Etcd3, IOptions, Lease, Watcher } from 'etcd3';

const WATCH_END_TIMEOUT_MS = 500;

export interface Entry {
  readonly value: string;
  /** Rises with every change of the key; a put can demand that it is still the same. */
  readonly modRevision: string;
  readonly leaseId: string;
}

/** The revision of a key that does not exist. */
export const ABSENT = '0';

export interface WatchHandlers {
  /** The watch stands: what changes from now on is told. */
  onReady(): void;
  onChange(key: string): void;
  /** It stands no more, and nothing further is told. */
  onEnd(): void;
}

export async function openEtcdStore(
  endpoints: readonly string[],
  { callTimeoutMs }: { callTimeoutMs: number },
): Promise<EtcdStore> {
  const library = await import('etcd3'); // takes about 100 ms, and many an agent needs none
  const client = new library.Etcd3({
    hosts: [...endpoints],
    dialTimeout: callTimeoutMs,
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + callTimeoutMs }),
    grpcOptions: { 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': callTimeoutMs },
    faultHandling: { global: onceOnly(), host: onceOnly },
  });
  return new EtcdStore(client, callTimeoutMs, (error) => error instanceof library.EtcdLeaseInvalidError);
}

/** A policy that simply makes the call. */
function onceOnly() {
  const unobserved = () => ({ dispose() {} });
  return {
    _altReturn: undefined as never,
    onSuccess: unobserved,
    onFailure: unobserved,
    execute: async (call, signal = new AbortController().signal) => await call({ signal }),
  } satisfies NonNullable<NonNullable<IOptions['faultHandling']>['global']>;
}

export class EtcdStore {
  readonly #client: Etcd3;
  readonly #callTimeoutMs: number;
  readonly #isLeaseGone: (error: unknown) => boolean;
  readonly #watchers = new Set<Watcher>();

  constructor(client: Etcd3, callTimeoutMs: number, isLeaseGone: (error: unknown) => boolean) {
    this.#client = client;
    this.#callTimeoutMs = callTimeoutMs;
    this.#isLeaseGone = isLeaseGone;
  }

  async read(key: string): Promise<Entry | null> {
    const { kvs } = await this.#client.get(key).exec();
    const [entry] = kvs;
    if (entry === undefined) return null;
    return { value: entry.value.toString('utf8'), modRevision: entry.mod_revision, leaseId: entry.lease };
  }

  /** What stands under the keys that begin with `prefix`, by the rest of the key; at most `limit` of them. */
  async list(prefix: string, limit: number): Promise<Map<string, string>> {
    const { kvs } = await this.#client.getAll().prefix(prefix).limit(limit).sort('Key', 'Ascend').exec();
    return new Map(
      kvs.map(({ key, value }) => [key.toString('utf8').slice(prefix.length), value.toString('utf8')]),
    );
  }

  /** Puts if the key is still at `modRevision`; false if it is not. Throws if the lease is gone. */
  async put(key: string, value: string, lease: EtcdLease, modRevision: string): Promise<boolean> {
    const put = this.#client.put(key).value(value).lease(lease.id);
    const { succeeded } = await this.#client.if(key, 'Mod', '==', Number(modRevision)).then(put).commit();
    return succeeded;
  }

  async grant(ttlSeconds: number): Promise<EtcdLease> {
    const lease = this.#client.lease(ttlSeconds, { autoKeepAlive: false });
    return { id: await lease.grant(), lease };
  }

  /** False if the lease has run out. */
  async keepAlive({ lease }: EtcdLease): Promise<boolean> {
    try {
      await lease.keepaliveOnce({ deadline: Date.now() + this.#callTimeoutMs });
      return true;
    } catch (error) {
      if (this.#isLeaseGone(error)) return false;
      throw error;
    }
  }

  /** Takes the lease back, and with it every key that was put under it. */
  async revoke({ lease }: EtcdLease): Promise<void> {
    await lease.revoke({ deadline: Date.now() + this.#callTimeoutMs });
  }

  watch(prefix: string, { onReady, onChange, onEnd }: WatchHandlers): void {
    const watcher = this.#client.watch().prefix(prefix).watcher();
    this.#watchers.add(watcher);
    const end = () => {
      if (this.#watchers.delete(watcher)) onEnd();
    };
    watcher
      .on('connected', onReady)
      .on('put', ({ key }) => onChange(key.toString('utf8')))
      .on('delete', ({ key }) => onChange(key.toString('utf8')))
      .on('disconnected', () => {
        end();
        void watcher.cancel(); // without a connection this only forgets it
      })
      .on('error', end);
  }

  async close(): Promise<void> {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    const cancelled = Promise.allSettled(watchers.map((watcher) => watcher.cancel()));
    await Promise.race([cancelled, sleep(WATCH_END_TIMEOUT_MS, undefined, { ref: false })]);
    this.#client.close();
  }
}

export interface EtcdLease {
  readonly id: string;
  readonly lease: Lease;
}

/** The library's text for a failed call, without what only its authors understand. */
export function describeEtcdError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^.*Last error: (?:Error: )?/s, '').replace(/\.? Resolution note:.*$/s, '');
}
