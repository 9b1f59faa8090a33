// Just enough of a browser to run the page's script: elements that remember, and a uPlot that records what it was
// asked to draw. How it looks is judged by eye; this judges what it draws.

import { runInNewContext } from 'node:vm';
import { readPage } from './html-tokens.ts';

export interface Plot {
  readonly options: {
    readonly width: number;
    readonly series: readonly {
      readonly label?: string;
      readonly show?: boolean;
      readonly stroke?: string;
    }[];
    readonly axes: readonly {
      readonly label: string;
      readonly values: (plot: unknown, splits: readonly number[]) => readonly (string | null)[];
      readonly splits?: (plot: unknown, axis: number, low: number, high: number) => readonly number[];
    }[];
    readonly scales: {
      readonly y: {
        readonly distr?: number;
        readonly range?: (plot: unknown, low: number, high: number) => readonly number[];
      };
    };
    readonly hooks: { readonly setLegend: readonly ((plot: unknown) => void)[] };
  };
  readonly data: readonly (readonly (number | null)[])[];
  readonly shown: Map<number, boolean>;
  readonly legend: { idxs: readonly (number | null)[] };
  destroyed: boolean;
}

type Listener = () => void;

export class Button {
  readonly attributes = new Map<string, string>();
  readonly dataset: Readonly<Record<string, string>>;
  readonly output = { textContent: '' };
  readonly #listeners: Listener[] = [];

  constructor(attributes: ReadonlyMap<string, string>) {
    for (const [name, value] of attributes) this.attributes.set(name, value);
    this.dataset = { view: attributes.get('data-view') ?? '', series: attributes.get('data-series') ?? '' };
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  querySelector(): { textContent: string } {
    return this.output;
  }

  addEventListener(_name: string, listener: Listener): void {
    this.#listeners.push(listener);
  }

  click(): void {
    for (const listener of this.#listeners) listener();
  }
}

export interface Figure {
  readonly legend: readonly Button[];
  readonly choice: readonly Button[];
}

export interface Browser {
  /** Every plot ever made, in order; those that were drawn anew are `destroyed`. */
  readonly plots: readonly Plot[];
  readonly figures: ReadonlyMap<string, Figure>;
  /** `beforeprint`, `afterprint`. */
  readonly fire: (name: string) => void;
  readonly theme: () => string | undefined;
}

/** Runs the page's own script against the stand-in. */
export function openPage(html: string): Browser {
  const { elements } = readPage(html);
  const data = elements.find(({ attributes }) => attributes.get('id') === 'report-data')?.raw ?? '';
  const script =
    elements.filter(({ name, attributes }) => name === 'script' && !attributes.has('type')).at(-1)?.raw ?? '';
  const figures = readFigures(elements);
  const plots: Plot[] = [];
  const listeners = new Map<string, Listener[]>();
  const root: { dataset: Record<string, string> } = { dataset: {} };

  class RecordingPlot implements Plot {
    readonly shown = new Map<number, boolean>();
    readonly legend: Plot['legend'] = { idxs: [] };
    destroyed = false;
    readonly options: Plot['options'];
    readonly data: Plot['data'];

    constructor(options: Plot['options'], columns: Plot['data']) {
      this.options = options;
      this.data = columns;
      plots.push(this);
      for (const hook of options.hooks.setLegend) hook(this);
    }

    setSeries(index: number, { show }: { readonly show: boolean }): void {
      this.shown.set(index, show);
    }

    destroy(): void {
      this.destroyed = true;
    }
  }

  runInNewContext(script, {
    uPlot: RecordingPlot,
    devicePixelRatio: 1,
    ResizeObserver: class {
      observe(): void {}
    },
    matchMedia: () => ({ addEventListener: () => undefined }),
    addEventListener: (name: string, listener: Listener) =>
      listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    getComputedStyle: () => ({
      getPropertyValue: (name: string) => ` ${name} of ${root.dataset['theme'] ?? 'auto'}`,
    }),
    document: {
      documentElement: root,
      getElementById: (id: string) =>
        id === 'report-data' ? { textContent: data } : element(figures.get(id)),
      querySelectorAll: () => [],
    },
  });
  return {
    plots,
    figures,
    fire: (name) => {
      for (const listener of listeners.get(name) ?? []) listener();
    },
    theme: () => root.dataset['theme'],
  };
}

function element(figure: Figure | undefined): unknown {
  if (figure === undefined) return null;
  return {
    querySelector: (selector: string) =>
      selector === '.legend'
        ? { querySelectorAll: () => figure.legend, style: {}, offsetHeight: 20 }
        : { clientWidth: 500 },
    querySelectorAll: () => figure.choice,
  };
}

function readFigures(elements: ReturnType<typeof readPage>['elements']): ReadonlyMap<string, Figure> {
  const figures = new Map<string, { legend: Button[]; choice: Button[] }>();
  let current: { legend: Button[]; choice: Button[] } = { legend: [], choice: [] };
  for (const { name, attributes } of elements) {
    if (name === 'figure') {
      current = { legend: [], choice: [] };
      figures.set(attributes.get('id') ?? '', current);
    }
    if (name !== 'button') continue;
    if (attributes.has('data-series')) current.legend.push(new Button(attributes));
    else current.choice.push(new Button(attributes));
  }
  return figures;
}
