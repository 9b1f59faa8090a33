// The layout of a chain whose nodes are machines: the same folders on each of them, and the addresses of the file.
// A node behind a fault proxy listens on its loopback address, and the proxy where its sender looks for it. Pure.

import { type ChainLayout, layoutChain, runName } from '../chain/layout.ts';
import { hostOf, type RemoteChain, registryHost } from './hosts-file.ts';

/** The checkout on every machine. */
export const REMOTE_ROOT = '/opt/spillway';
/** On a machine: what its part of the rig is called by. */
export const REMOTE_MAIN = [
  'env',
  `NODE_COMPILE_CACHE=${REMOTE_ROOT}/node_modules/.cache/compile`,
  `${REMOTE_ROOT}/scripts/node.sh`,
  `${REMOTE_ROOT}/bench/remote/main.ts`,
] as const;
/** The chain that `./create.sh hosts` leaves up. */
export const STANDING = 'hosts';
/** The chain of a scenario run, while which the standing one is down. */
export const RUN = runName(1);
/** Below the folder of a run: what its observer and its generator write. */
export const OUT = 'out';
const LOOPBACK = '127.0.0.1';

export function layoutRemote(
  chain: Pick<RemoteChain, 'shape' | 'hosts'>,
  name: string,
  proxied: readonly string[] = [],
  root = REMOTE_ROOT,
): ChainLayout {
  const layout = layoutChain(root, name, chain.shape);
  const nodes = layout.nodes.map((node) => {
    const { inside } = hostOf(chain, node.id);
    return { ...node, address: proxied.includes(node.id) ? LOOPBACK : inside, advertised: inside };
  });
  return { ...layout, nodes, etcdAddress: registryHost(chain).inside };
}
