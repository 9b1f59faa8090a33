// At which rate a tool is run. What it sustains is measured first; cost and latency are compared at a rate that all of
// them sustain, and faults happen at half of what the tool can do, or at the scenario's own rate if that is less.

import type { Rate } from '../scenario-units.ts';
import type { Column } from './columns.ts';
import { summarise } from './statistics.ts';

const COMMON_SHARE = 0.8;
const FAULT_SHARE = 0.5;
/** What is written while it is forwarded shares the machine with who writes it. */
const FLOOD_SHARE = 0.75;
/** For a tool of which no sustained rate is known. */
const UNKNOWN_PER_MINUTE = 1e6;

export class RateBook {
  readonly #sustained = new Map<string, number[]>();
  readonly #floods = new Map<string, number>();

  sustained(column: Column, perMinute: number): void {
    this.#sustained.set(column.id, [...(this.#sustained.get(column.id) ?? []), perMinute]);
  }

  flooded(column: Column, perMinute: number): void {
    this.#floods.set(column.id, perMinute);
  }

  /** Where a search may begin; null: nothing is known. */
  guess(column: Column): number | null {
    const flood = this.#floods.get(column.id);
    return this.#known(column) ?? (flood === undefined ? null : FLOOD_SHARE * flood);
  }

  /** A rate that every one of these sustains; those of which nothing is known have no say. */
  common(columns: readonly Column[]): Rate {
    const known = columns.map((column) => this.#known(column)).filter((rate) => rate !== null);
    return rateOf(known.length === 0 ? UNKNOWN_PER_MINUTE : COMMON_SHARE * Math.min(...known));
  }

  /** @param wanted the scenario's own rate */
  fault(column: Column, wanted: Rate): Rate {
    const half = FAULT_SHARE * (this.#known(column) ?? 2 * UNKNOWN_PER_MINUTE);
    return wanted.kind === 'schedule' && wanted.eventsPerSecond * 60 <= half ? wanted : rateOf(half);
  }

  #known(column: Column): number | null {
    const rates = (this.#sustained.get(column.id) ?? []).filter((rate) => rate > 0);
    return rates.length === 0 ? null : summarise(rates).median;
  }
}

/** To two digits, so that a cell can print it. */
function rateOf(perMinute: number): Rate {
  const round = Number(perMinute.toPrecision(2));
  return { kind: 'schedule', eventsPerSecond: round / 60, text: `${round / 1e6}M/min` };
}
