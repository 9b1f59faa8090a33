// The evidence of a run while it is being gathered. Only its owner writes to it; `evidence()` is what is judged.

import type { ProcessRecord } from '../chain/process.ts';
import type { FaultRecord, WatchSample } from '../faults/record.ts';
import type { Manifest } from '../generator/spec.ts';
import type { Sample } from '../observer/spec.ts';
import type { Result } from '../result.ts';
import type { ToolCounters } from '../tools/tool.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';
import type { AccountedCluster, AccountedNode } from './conservation.ts';
import type { Evidence } from './evidence.ts';
import type { LiveVerification } from './live.ts';
import type { Machine } from './machine.ts';
import type { RunPlan } from './plan.ts';
import type { TimedText } from './steps.ts';

export class Draft {
  readonly plan: RunPlan;
  readonly startedAt = new Date().toISOString();
  manifest: Manifest | null = null;
  sentMs: number | null = null;
  floodStartMs: number | null = null;
  drained = false;
  samples: readonly Sample[] = [];
  nodes: readonly AccountedNode[] = [];
  clusters: readonly AccountedCluster[] = [];
  hops: Result['hops'] = [];
  probes: Result['probes'] = { syncWrite: null, socatCopy: null };
  configuration: Result['configuration'] = [];
  readonly destinations: DestinationVerdict[] = [];
  readonly processes = new Map<string, Evidence['processes'][number]>();
  readonly events: TimedText[] = [];
  faults: readonly FaultRecord[] = [];
  readonly watch: WatchSample[] = [];
  /** Verifiers that follow the run; none when it is judged afterwards. */
  readonly live: LiveVerification[] = [];
  readonly misbehaved: string[] = [];
  readonly invalid: string[] = [];
  readonly notes: string[] = [];
  /** Processes that someone else killed; a fault the scenario did not plan, and therefore no limit on latency holds. */
  readonly killedFromOutside: string[] = [];
  oomKills = 0;
  /** By node, what a rival's own counters said; never judged. */
  counters: ReadonlyMap<string, ToolCounters> = new Map();
  /** What a tool said that did not come up; null: it did. */
  failedAtStart: string | null = null;
  /** Faults that found nothing to break: they keep a run from passing, not from failing. */
  readonly unproven: string[] = [];

  constructor(plan: RunPlan) {
    this.plan = plan;
  }

  remember(processes: readonly ProcessRecord[]): void {
    for (const record of processes) this.processes.set(record.name, record);
  }

  evidence(machine: Machine, source: { readonly commit: string; readonly dirty: boolean }): Evidence {
    const { plan, startedAt, manifest, sentMs, floodStartMs, drained, samples, destinations, probes } = this;
    const keepsAccounts = plan.tool.accounts !== null;
    return {
      plan,
      startedAt,
      machine,
      ...source,
      hops: this.hops,
      manifest,
      sentMs,
      floodStartMs,
      drained,
      samples,
      processes: [...this.processes.values()],
      destinations,
      books: {
        nodes: this.nodes,
        clusters: this.clusters,
        keepsAccounts,
        manifests: manifest === null ? [] : [manifest],
      },
      probes,
      events: this.events,
      faults: { faults: this.faults, watch: this.watch },
      misbehaved: this.misbehaved,
      invalid: this.invalid,
      notes: this.notes,
      killedFromOutside: this.killedFromOutside,
      failedAtStart: this.failedAtStart,
      unproven: this.unproven,
      counters: this.counters,
      oomKills: this.oomKills,
      configuration: this.configuration,
    };
  }
}
