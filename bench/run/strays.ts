// What the observer saw a tool write outside the folder of its node fails the run: a buffer that lies elsewhere is under
// no cap and on no disk that the scenario fills.

import type { Evidence } from './evidence.ts';

const SHOWN = 3;

export function strayFailures({ samples }: Pick<Evidence, 'samples'>): string[] {
  const strays = samples.at(-1)?.strays ?? [];
  const names = [...new Set(strays.map(({ process }) => process))];
  return names.map((name) => {
    const own = strays.filter(({ process }) => process === name);
    const shown = own.slice(0, SHOWN).map(({ path, bytes }) => `${path} (${bytes} bytes when it was seen)`);
    const more = own.length > SHOWN ? ` and ${own.length - SHOWN} more` : '';
    return `${name} writes outside its folder: ${shown.join(', ')}${more}`;
  });
}
