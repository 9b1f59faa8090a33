// A scenario's faults on a chain of machines: each is done by the machine that has its target. A link is its
// receiver's, because the fault proxy stands there.

import type { FaultActions } from '../faults/effects.ts';
import { proxiedNodes } from '../faults/equipment.ts';
import type { Scenario } from '../scenario.ts';
import type { Fleet } from './fleet.ts';
import { type Host, hostOf, type RemoteChain } from './hosts-file.ts';

export function remoteActions(fleet: Fleet): FaultActions {
  return {
    do: (step, target) => fleet.ask(nodeOf(target), 'do', { step, target }),
    end: async (action, target) => {
      await fleet.ask(nodeOf(target), 'end', { action, target });
    },
    restore: (target) => fleet.ask(nodeOf(target), 'restore', { target }),
  };
}

/** The machines that have a fault proxy. */
export function remoteTargets(chain: RemoteChain, scenario: Scenario): readonly Host[] {
  return proxiedNodes(scenario).map((node) => hostOf(chain, node));
}

function nodeOf(target: string): string {
  return target.split(' -> ').at(-1) ?? target;
}
