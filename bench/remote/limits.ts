// Was it the forwarder that was measured, or what its machine's provider allows? Compares what each machine moved with
// the baseline of its type, and says so where a figure comes near it.

import type { Result } from '../result.ts';
import { type InstanceTypes, readInstanceTypes } from './instance-types.ts';

const NEAR = 0.8;
const BITS_PER_BYTE = 8;

export async function limitNotes(root: string, result: Omit<Result, 'notes'>): Promise<string[]> {
  const { hosts = [] } = result;
  if (hosts.every(({ instanceType }) => instanceType === null)) return [];
  const types = await readInstanceTypes(root);
  const unknown = new Set(
    hosts.map(({ instanceType }) => instanceType).filter((type) => type !== null && !(type in types.types)),
  );
  return [
    ...[...unknown].map((type) => `what a ${type} may do is not in the table of ${types.asOf}`),
    ...hosts.flatMap((host) => limitsOf(host, result, types)),
  ];
}

function limitsOf(
  host: NonNullable<Result['hosts']>[number],
  { mbPerSecond, hops, processes }: Omit<Result, 'notes'>,
  { types, asOf }: InstanceTypes,
): string[] {
  const type = types[host.instanceType ?? ''];
  if (type === undefined) return [];
  // A copy of the load for every hop that begins here; the network counts each direction by itself.
  const sent = mbPerSecond * Math.max(1, hops.filter(({ from }) => from === host.id).length);
  const written = processes
    .filter(({ name }) => name === host.id || name.startsWith(`${host.id}/`))
    .reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);
  const seconds = Math.max(
    ...processes.map(({ cpuSeconds, cpuCores }) => (cpuCores > 0 ? cpuSeconds / cpuCores : 0)),
    0,
  );
  const network = (sent * BITS_PER_BYTE) / 1000 / type.networkGbps;
  const disk = seconds === 0 ? 0 : written / 1e6 / seconds / type.diskMbps;
  const near = (what: string, share: number, limit: string) => {
    const percent = Math.round(share * 100);
    return `${host.id} used ${percent} % of what the ${what} of a ${host.instanceType} may do (${limit}, ${asOf}): the figures may be limited by it`;
  };
  return [
    ...(network >= NEAR ? [near('network', network, `${type.networkGbps} Gbit/s`)] : []),
    ...(disk >= NEAR ? [near('disk', disk, `${type.diskMbps} MB/s`)] : []),
  ];
}
