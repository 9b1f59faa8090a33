// What a chart is to the page's script: plain JSON, seconds since the start, each series with its colour.

import type { Stroke } from './colours.ts';

export type Unit = 'eventRate' | 'backlog' | 'latency' | 'cores' | 'bytes' | 'byteRate';

export interface ChartSeries {
  readonly name: string;
  readonly stroke: Stroke;
  readonly values: readonly (number | null)[];
}

/** One choice of a chart: most have one, latency has one for each destination. */
export interface View {
  readonly label: string;
  /** Seconds since the first event was due. */
  readonly x: readonly number[];
  readonly series: readonly ChartSeries[];
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly unit: Unit;
  readonly logarithmic: boolean;
  /** What the legend shows while nobody points at the chart. */
  readonly idle: 'mean' | 'max';
  readonly views: readonly View[];
}

export interface ChartPage {
  readonly eventBytes: number;
  /** All charts show this span, in seconds, so that one cursor fits them all. */
  readonly span: readonly [number, number];
  /** When the last event had arrived: means are taken from 0 to here. */
  readonly endAt: number;
  /** When the last event had been sent. */
  readonly sentAt: number;
  readonly markers: readonly { readonly x: number; readonly label: string }[];
  readonly charts: readonly Chart[];
}
