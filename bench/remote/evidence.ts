// What the machines of a run found out, as the evidence of one run: by one clock, and with names that say whose an
// observer was.

import { BENCH } from '../chain/chain-record.ts';
import type { ChainEnd } from '../chain/layout.ts';
import type { Sample } from '../observer/spec.ts';
import type { HostFacts } from '../result.ts';
import type { Draft } from '../run/draft.ts';
import type { Evidence } from '../run/evidence.ts';
import type { Machine } from '../run/machine.ts';
import { withClusters } from '../run/unions.ts';
import type { Fleet } from './fleet.ts';
import type { Host } from './hosts-file.ts';
import { mergeSamples, mergeWatch } from './merge.ts';
import type { Collected, Opened } from './protocol.ts';

export interface RemoteFindings {
  opened: ReadonlyMap<string, Opened>;
  collected: ReadonlyMap<string, Collected>;
  readonly notes: string[];
  readonly ends: readonly ChainEnd[];
}

/** Processes of the rig that every machine has. */
const EVERYWHERE = [BENCH, 'observer'];

export function gatherEvidence(
  draft: Draft,
  fleet: Fleet,
  head: Host,
  { opened, collected, notes, ends }: RemoteFindings,
  source: { readonly commit: string; readonly dirty: boolean },
): { readonly evidence: Evidence; readonly hosts: readonly HostFacts[] } {
  const ids = [head.id, ...[...collected.keys()].filter((id) => id !== head.id)];
  const all = ids.flatMap((id) => {
    const found = collected.get(id);
    return found === undefined ? [] : [{ id, found, shiftMs: fleet.shift(id, head.id).shiftMs }];
  });
  const samples = mergeSamples(
    all.map(({ id, found, shiftMs }) => ({
      items: found.samples.map((sample) => named(sample, id)),
      shiftMs,
    })),
  );
  draft.samples = withClusters(samples, ends);
  draft.watch.push(...mergeWatch(all.map(({ found, shiftMs }) => ({ items: found.watch, shiftMs }))));
  draft.hops = all.flatMap(({ found }) => found.hops);
  draft.configuration = [
    { file: draft.plan.file.file, text: draft.plan.file.text },
    ...all.flatMap(({ found }) => found.configuration),
  ];
  for (const { id, found, shiftMs } of all) {
    for (const { name, group } of [...found.processes, { name: BENCH, group: 'rig' as const }]) {
      const own = EVERYWHERE.includes(name) ? `${name}@${id}` : name;
      draft.processes.set(own, { name: own, group });
    }
    draft.events.push(...found.events.map((event) => ({ ...event, timeMs: event.timeMs + shiftMs })));
    draft.misbehaved.push(...found.misbehaved);
    draft.invalid.push(...found.invalid);
    draft.killedFromOutside.push(...found.killedFromOutside);
    draft.notes.push(...found.notes.filter((note) => !draft.notes.includes(note)));
    draft.oomKills += found.oomKills;
  }
  draft.events.sort((a, b) => a.timeMs - b.timeMs);
  draft.notes.unshift(...notes);
  const syncWrite = [...opened.values()].map((each) => each.syncWrite).filter((each) => each !== null);
  if (syncWrite.length > 0) {
    const mbPerSecond = Math.min(...syncWrite.map((each) => each.mbPerSecond));
    draft.probes = { ...draft.probes, syncWrite: { mbPerSecond } };
  }
  return { evidence: draft.evidence(machineOf(opened, head), source), hosts: factsOf(opened, fleet, head) };
}

function named(sample: Sample, id: string): Sample {
  const processes = Object.entries(sample.processes).map(([name, figures]) => {
    return [EVERYWHERE.includes(name) ? `${name}@${id}` : name, figures] as const;
  });
  return { ...sample, processes: Object.fromEntries(processes) };
}

/** The head's, with the cores and the memory of all. */
function machineOf(opened: ReadonlyMap<string, Opened>, head: Host): Machine {
  const machines = [...opened.values()].map(({ machine }) => machine);
  const sum = (part: (machine: Machine) => number) =>
    machines.reduce((total, machine) => total + part(machine), 0);
  const first = opened.get(head.id)?.machine ?? NOBODY;
  return { ...first, cores: sum(({ cores }) => cores), memoryBytes: sum(({ memoryBytes }) => memoryBytes) };
}

/** The run ended before a machine had said what it is. */
const NOBODY: Machine = {
  ...{
    cpu: 'unknown',
    cores: 0,
    memoryBytes: 0,
    kernel: 'unknown',
    node: process.version,
    filesystem: 'unknown',
  },
};

function factsOf(opened: ReadonlyMap<string, Opened>, fleet: Fleet, head: Host): HostFacts[] {
  return fleet.chain.hosts.flatMap((host) => {
    const found = opened.get(host.id);
    if (found === undefined) return [];
    const { shiftMs, boundMs } = fleet.shift(head.id, host.id);
    const { machine, instanceType, syncWrite } = found;
    return [
      {
        ...{ id: host.id, role: host.role, address: host.address, instanceType, ...machine },
        clock: { offsetMs: shiftMs, boundMs },
        syncWriteMbPerSecond: syncWrite?.mbPerSecond ?? null,
      },
    ];
  });
}
