// A chain whose destination `a` is a cluster: the part of the scenario file below `chain.cluster`, and the names that
// follow from it. Members are a1, a2, ...; each is a node of its own, and together they are one destination.

import { z } from 'zod';

export const clusterSchema = z.strictObject({
  members: z.int().min(1).max(8).default(3),
  /** So many more that are started by a `join` step only. */
  standby: z.int().min(0).max(4).default(0),
  strategy: z.enum(['leastInflight', 'roundRobin', 'failover', 'keyHash']).default('leastInflight'),
  /** For keyHash: the generator's format, and the value of this tag in place of name and tags. */
  keyFormat: z.enum(['influx', 'graphite', 'json']).default('influx'),
  keyField: z.string().optional(),
  /** How the sender knows its members: from the registry, where they come and go and say that they drain, or from a
   * list of addresses that never changes (and without an etcd always). */
  found: z.enum(['registry', 'list']).default('registry'),
});

export type ClusterShape = z.infer<typeof clusterSchema>;

/** The destination that is a cluster. */
export const CLUSTER = 'a';

export function memberNames({ members, standby }: ClusterShape): string[] {
  return Array.from({ length: members + standby }, (_, index) => `${CLUSTER}${index + 1}`);
}

export function standbyNames(cluster: ClusterShape | undefined): string[] {
  return cluster === undefined ? [] : memberNames(cluster).slice(cluster.members);
}
