// The page's style and script, read from beside this file and from uplot, so that the page needs no network.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { browserFormatters } from './format.ts';

/** In the order in which they use each other. */
const CLIENT_FILES = ['theme.js', 'legend.js', 'scales.js', 'chart.js', 'page.js'] as const;

/** Later files override earlier ones. */
const STYLE_FILES = [
  'page.css',
  'figures.css',
  'chain.css',
  'tables.css',
  'charts.css',
  'media.css',
] as const;

export interface Assets {
  readonly css: string;
  /** Library and client, two scripts. */
  readonly scripts: readonly string[];
}

export function readAssets(): Assets {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw new Error(`cannot read ${path} for the report: run npm ci`, { cause });
    }
  };
  const styles = STYLE_FILES.map((file) => join(import.meta.dirname, 'style', file));
  const css = [join(uplot, 'dist/uPlot.min.css'), ...styles].map(read).join('\n');
  const client = CLIENT_FILES.map((file) => inline(read(join(import.meta.dirname, 'client', file))));
  const formatters = browserFormatters.map(String);
  const script = `(() => {\n'use strict';\n${[...formatters, ...client].join('\n')}\n})();`;
  return { css, scripts: [read(join(uplot, 'dist/uPlot.iife.min.js')), script] };
}

/** The client's files are modules for the editor; in the page they stand one after the other in one scope. */
function inline(source: string): string {
  return source.replace(/^import .*;$/gm, '').replace(/^export (?=function|const)/gm, '');
}
