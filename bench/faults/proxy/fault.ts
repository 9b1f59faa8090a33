// What can be wrong with a link, as the rig tells its proxy.

import { z } from 'zod';

export const linkFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('cut') }),
  z.strictObject({ kind: z.literal('half-open'), direction: z.enum(['forward', 'back']) }),
  z.strictObject({ kind: z.literal('slow'), bytesPerSecond: z.number().positive() }),
]);
export type LinkFault = z.infer<typeof linkFaultSchema>;

export interface ProxyState {
  readonly fault: LinkFault;
  /** Connections that stand. */
  readonly open: number;
  readonly connections: number;
  readonly forwardBytes: number;
  readonly backBytes: number;
  readonly affected: number;
  readonly delays: number;
}
