// One colour for one thing, in every chart and in the picture of the chain.
//
// Places (event directories) take the colours in chain order; a process of the tool takes the colour of the place in
// its name; processes of the rig are grey. Past eight colours the same ones come again with a dashed line.

import type { ProcessFigures, Result } from '../../result.ts';

export const HUES = 8;
export const GREYS = 4;

export interface Stroke {
  /** CSS variable without the dashes: `c0` .. `c7`, `g0` .. `g3`. */
  readonly colour: string;
  /** 0 is a solid line. */
  readonly dash: number;
}

export interface Colours {
  readonly place: (name: string) => Stroke;
  readonly process: (name: string) => Stroke;
}

export function assignColours(result: Result): Colours {
  const places = placesOf(result);
  const slots = new Map<string, number>();
  for (const place of places) slots.set(place, slots.size);
  const byHop = new Map(result.hops.map((hop) => [hop.name, hop.to]));
  const first = places[0];

  const place = (name: string): Stroke => {
    const directory = byHop.get(name) ?? (name === 'source' && first !== undefined ? first : name);
    const slot = slots.get(directory) ?? slots.size;
    slots.set(directory, slot);
    return hue(slot);
  };
  const processes = assignProcesses(result, places, place, () => {
    const slot = slots.size;
    slots.set(`process ${slot}`, slot);
    return hue(slot);
  });
  return { place, process: (name) => processes.get(name) ?? grey(processes.size) };
}

/** Event directories in chain order: where the generator writes, then every hop's end. */
export function placesOf(result: Result): readonly string[] {
  const places = new Set<string>();
  for (const hop of result.hops) places.add(hop.from).add(hop.to);
  for (const destination of result.destinations) places.add(destination.name);
  return [...places].sort((a, b) => depth(result, a) - depth(result, b));
}

/** Hops between the generator's directory and this one. */
export function depth(result: Result, place: string): number {
  // No hop ends in the name of a cluster: it stands where its members do.
  const members = result.destinations.find(({ name }) => name === place)?.members ?? [];
  let at: string | undefined = members[0]?.name ?? place;
  for (let hops = 0; hops <= result.hops.length; hops++) {
    at = result.hops.find((hop) => hop.to === at)?.from;
    if (at === undefined) return hops;
  }
  return 0;
}

/** Processes as they are listed everywhere: the tool's in chain order, then the rig's. */
export function processOrder(result: Result): readonly ProcessFigures[] {
  const places = placesOf(result);
  const position = ({ name, group }: ProcessFigures): number => {
    const home = homeOf(name, places);
    if (group === 'rig') return places.length + 1;
    return home === undefined ? places.length : places.indexOf(home);
  };
  return [...result.processes].sort((a, b) => position(a) - position(b));
}

function assignProcesses(
  result: Result,
  places: readonly string[],
  place: (name: string) => Stroke,
  spare: () => Stroke,
): Map<string, Stroke> {
  const strokes = new Map<string, Stroke>();
  const taken = new Set<string>();
  let rig = 0;
  for (const process of processOrder(result)) {
    if (process.group === 'rig') {
      strokes.set(process.name, grey(rig));
      rig += 1;
      continue;
    }
    const home = homeOf(process.name, places);
    const free = home !== undefined && !taken.has(home);
    if (home !== undefined) taken.add(home);
    strokes.set(process.name, free ? place(home) : spare());
  }
  return strokes;
}

/** The longest place that stands in a process's name as a whole word: `agent instance2` is at `instance2`. */
function homeOf(process: string, places: readonly string[]): string | undefined {
  const inName = (place: string): boolean =>
    new RegExp(`(?<![A-Za-z0-9])${RegExp.escape(place)}(?![A-Za-z0-9])`).test(process);
  return places.filter(inName).sort((a, b) => b.length - a.length)[0];
}

function hue(slot: number): Stroke {
  return { colour: `c${slot % HUES}`, dash: Math.floor(slot / HUES) % 3 };
}

function grey(index: number): Stroke {
  return { colour: `g${index % GREYS}`, dash: Math.floor(index / GREYS) % 3 };
}
