// What one destination hands to the next of its name when its configuration changes.

import type { Credentials } from './credentials.ts';
import type { LagPolicyOptions } from './policy.ts';
import type { Position } from './position.ts';

export interface Succession {
  readonly position: Position;
  readonly policy: LagPolicyOptions['policy'];
  readonly connections: number;
  readonly credentials: Credentials;
}
