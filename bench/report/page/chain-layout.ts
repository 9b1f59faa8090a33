// Where each box of the chain's picture stands, and how the lines run between them.
//
// Columns are hops from the generator, lanes are the places that share a column (the fan-out). A chain longer than a
// row goes on in the next one, as text does.

import type { Hop, Result } from '../../result.ts';
import { depth, placesOf } from './colours.ts';

export interface Sizes {
  readonly columns: number;
  readonly boxWidth: number;
  readonly boxHeight: number;
  /** Room between two boxes: holds the line and its label. */
  readonly gap: number;
}

export interface Box {
  readonly name: string;
  readonly column: number;
  readonly x: number;
  readonly y: number;
  /** Top of the row of boxes it stands in. */
  readonly rowTop: number;
}

export interface Line {
  /** null: from the generator. */
  readonly hop: Hop | null;
  readonly to: string;
  readonly path: string;
  /** Middle of the straight end, where the label stands. */
  readonly labelX: number;
  readonly labelY: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

export const GENERATOR = 'generator';
const LANE_GAP = 22;
const ROW_GAP = 34;
const MARGIN = 3;

export function layoutChain(result: Result, sizes: Sizes): Layout {
  const { boxes, width, height } = placeBoxes(result, sizes);
  const at = (name: string): Box | undefined => boxes.find((box) => box.name === name);
  const first = boxes[1];
  const lines: Line[] = [];
  const connect = (from: Box | undefined, to: Box | undefined, hop: Hop | null): void => {
    if (from !== undefined && to !== undefined) lines.push(route(from, to, hop, sizes));
  };
  connect(boxes[0], first, null);
  for (const hop of result.hops) connect(at(hop.from), at(hop.to), hop);
  return { width, height, boxes, lines };
}

function placeBoxes(result: Result, sizes: Sizes): Omit<Layout, 'lines'> {
  const columns: string[][] = [[GENERATOR]];
  for (const place of placesOf(result)) {
    const column = depth(result, place) + 1;
    const names = columns[column] ?? [];
    columns[column] = names;
    names.push(place);
  }
  const step = sizes.boxWidth + sizes.gap;
  const wraps = columns.length > sizes.columns;
  const left = MARGIN + (wraps ? sizes.gap - 10 : 0);
  const boxes: Box[] = [];
  let top = MARGIN;
  for (let start = 0; start < columns.length; start += sizes.columns) {
    const row = columns.slice(start, start + sizes.columns);
    const rowHeight = Math.max(...row.map((names) => columnHeight(names.length, sizes)));
    for (const [index, names] of row.entries()) {
      let y = top + (rowHeight - columnHeight(names.length, sizes)) / 2;
      for (const name of names) {
        boxes.push({ name, column: start + index, x: left + index * step, y, rowTop: top });
        y += sizes.boxHeight + LANE_GAP;
      }
    }
    top += rowHeight + ROW_GAP;
  }
  const used = Math.min(columns.length, sizes.columns);
  const width = left + used * sizes.boxWidth + (used - 1) * sizes.gap + (wraps ? 16 : MARGIN);
  return { boxes, width, height: top - ROW_GAP + MARGIN };
}

function columnHeight(lanes: number, sizes: Sizes): number {
  return lanes * sizes.boxHeight + (lanes - 1) * LANE_GAP;
}

/** Out to the right, up or down, and in from the left; to an earlier column (a wrapped row) around the left side. */
function route(from: Box, to: Box, hop: Hop | null, sizes: Sizes): Line {
  const startX = from.x + sizes.boxWidth;
  const startY = from.y + sizes.boxHeight / 2;
  const endX = to.x - 1;
  const endY = to.y + sizes.boxHeight / 2;
  const turn = 12;
  const straight = `M${startX} ${startY}H${endX}`;
  const elbow = `M${startX} ${startY}H${startX + turn}V${endY}H${endX}`;
  const leftX = to.x - sizes.gap + turn;
  const between = to.rowTop - ROW_GAP / 2;
  const around = `M${startX} ${startY}H${startX + turn}V${between}H${leftX}V${endY}H${endX}`;
  const path = to.x <= from.x ? around : startY === endY ? straight : elbow;
  return { hop, to: to.name, path, labelX: to.x - (sizes.gap - turn) / 2 - 1, labelY: endY };
}
