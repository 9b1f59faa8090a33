// What a rig costs while it is up: machines, disks and public addresses, from a dated table. An estimate; a bill is made by AWS.

import type { InstanceTypes } from '../../bench/remote/instance-types.ts';
import type { MachineSettings } from '../../infra/settings.ts';

const HOURS_A_MONTH = 730;

export interface Cost {
  /** Without the types that are not in the table. */
  readonly usdPerHour: number;
  readonly unknown: readonly string[];
}

export function costOf(
  machines: readonly MachineSettings[],
  { types, diskGbMonth, publicAddressHour }: InstanceTypes,
): Cost {
  const unknown = [...new Set(machines.map(({ type }) => type).filter((type) => types[type] === undefined))];
  const usdPerHour = machines.reduce((sum, { type, diskGiB }) => {
    const disk = (diskGiB * diskGbMonth) / HOURS_A_MONTH;
    return sum + (types[type]?.usdPerHour ?? 0) + disk + publicAddressHour;
  }, 0);
  return { usdPerHour, unknown };
}

export function describeCost(machines: readonly MachineSettings[], table: InstanceTypes): string {
  const { usdPerHour, unknown } = costOf(machines, table);
  const known = `about ${usdPerHour.toFixed(2)} USD an hour (us-east-1 prices of ${table.asOf}; data transfer comes on top)`;
  if (unknown.length === 0) return known;
  return `${known}, and what ${unknown.join(', ')} costs, which the table (configs/aws/instance-types.yaml) does not say`;
}
