// A cluster as one directory more in the observer's samples: what its members have together. So whatever looks at a
// destination's growth finds it under the destination's name.

import { type ChainEnd, isCluster } from '../chain/layout.ts';
import type { Sample } from '../observer/spec.ts';

export function withClusters(samples: readonly Sample[], ends: readonly ChainEnd[]): readonly Sample[] {
  const clusters = ends.filter(isCluster);
  if (clusters.length === 0) return samples;
  return samples.map((sample) => {
    const unions = clusters.map(({ name, nodes }) => [name, unionOf(sample, nodes)] as const);
    return { ...sample, directories: { ...sample.directories, ...Object.fromEntries(unions) } };
  });
}

function unionOf({ directories }: Sample, nodes: ChainEnd['nodes']): Sample['directories'][string] {
  const each = nodes.flatMap(({ id }) => directories[id] ?? []);
  const sum = (part: 'totalBytes' | 'presentBytes' | 'files') => {
    return each.reduce((total, directory) => total + directory[part], 0);
  };
  return { totalBytes: sum('totalBytes'), presentBytes: sum('presentBytes'), files: sum('files') };
}
