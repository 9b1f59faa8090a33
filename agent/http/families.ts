// Metrics in Prometheus' registry, made for one scrape: their values are set with labels that are given by position.

import { Counter, Gauge, type Registry } from 'prom-client';

/** A metric of one name; its labels are given by position. */
export interface Family {
  set(labels: readonly string[], value: number): void;
}

export interface Families {
  counter(name: string, help: string, labelNames?: readonly string[]): Family;
  gauge(name: string, help: string, labelNames?: readonly string[]): Family;
}

/** @param wrong takes the names of counters whose value is none: one of them must not cost all the others */
export function familiesIn(register: Registry, wrong: string[]): Families {
  const labelled = (names: readonly string[], values: readonly string[]) =>
    Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  return {
    counter(name, help, labelNames = []) {
      const counter = new Counter({ name, help, labelNames, registers: [register] });
      return {
        set: (labels, value) => {
          if (value >= 0) return counter.inc(labelled(labelNames, labels), value);
          wrong.push(name);
          counter.remove(...labels);
        },
      };
    },
    gauge(name, help, labelNames = []) {
      const gauge = new Gauge({ name, help, labelNames, registers: [register] });
      return { set: (labels, value) => gauge.set(labelled(labelNames, labels), value) };
    },
  };
}
