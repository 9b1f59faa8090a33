// CPU time of the whole machine, from /proc/stat, since the observer started.

import { readFileSync } from 'node:fs';
import type { Sample } from './spec.ts';

type MachineSeconds = Sample['machine'];
const TICKS_PER_SECOND = 100;

export class Machine {
  readonly #start = readMachine();

  sample(): MachineSeconds {
    const now = readMachine();
    return {
      busySeconds: now.busySeconds - this.#start.busySeconds,
      stealSeconds: now.stealSeconds - this.#start.stealSeconds,
      ioWaitSeconds: now.ioWaitSeconds - this.#start.ioWaitSeconds,
    };
  }
}

/** The first line: `cpu  user nice system idle iowait irq softirq steal guest guest_nice`, in ticks. */
function readMachine(): MachineSeconds {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, , ioWait = 0, irq = 0, softIrq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { busySeconds: user + nice + system + irq + softIrq, stealSeconds: steal, ioWaitSeconds: ioWait };
}
