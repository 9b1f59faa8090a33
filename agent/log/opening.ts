// What opening a log found wrong and did about it: for the agent's own log, its metrics and /healthz.

import type { DamagedRange } from './segment.ts';

export class Opening {
  /** In words: what was cut off, set aside or found wrong. */
  readonly remarks: string[] = [];
  /** Everything that went to quarantine/. */
  asideBytes = 0;
  /** Of that, segments of which nothing is known: no journal says what was in them. */
  unknownBytes = 0;

  /** What was damaged at the end of the log, and is to come again from its senders; null: nothing. */
  wentBack: DamagedRange | null = null;

  say(remark: string): void {
    this.remarks.push(remark);
  }
}
