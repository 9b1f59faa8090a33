// An agent's /metrics as anyone may scrape it, and the equations that must close in it.

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

const SAMPLE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;

export class Metrics {
  readonly #samples: readonly Sample[];

  constructor(text: string) {
    this.#samples = text
      .split('\n')
      .map((line) => SAMPLE.exec(line))
      .filter((match) => match !== null)
      .map(([, name = '', labels = '', value = '']) => ({
        name,
        labels: Object.fromEntries(
          [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, k = '', v = '']) => [k, v]),
        ),
        value: Number(value),
      }));
  }

  /** The sum of the samples that have these labels. */
  sum(name: string, labels: Labels = {}): number {
    return this.#samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** The values of a label. */
  values(name: string, label: string): string[] {
    const found = this.#samples
      .filter((sample) => sample.name === name)
      .map(({ labels }) => labels[label] ?? '');
    return [...new Set(found)];
  }

  /** Every equation that does not close, in words; none is what we want. */
  openEquations(): string[] {
    return [...this.#sources(), ...this.#destinations(), ...this.#log()];
  }

  #sources(): string[] {
    return this.values('spillway_source_events_total', 'source').flatMap((source) =>
      (['events', 'bytes'] as const).flatMap((unit) => {
        const of = (outcome: string) => this.sum(`spillway_source_${unit}_total`, { source, outcome });
        const held = this.sum(`spillway_source_held_${unit}`, { source });
        const parts = of('appended') + of('suppressed') + of('quarantined') + of('refused') + held;
        return equation(`source ${source}: read ${unit}`, of('read'), parts);
      }),
    );
  }

  #destinations(): string[] {
    return this.values('spillway_destination_events_total', 'destination').flatMap((destination) =>
      (['events', 'bytes'] as const).flatMap((unit) => {
        const of = (outcome: string) =>
          this.sum(`spillway_destination_${unit}_total`, { destination, outcome });
        const buffered = this.sum(`spillway_destination_buffered_${unit}`, { destination });
        const parts = of('acknowledged') + buffered + of('dropped') + of('skipped');
        return equation(`destination ${destination}: appended ${unit}`, of('appended'), parts);
      }),
    );
  }

  #log(): string[] {
    return (['events', 'bytes'] as const).flatMap((unit) =>
      equation(
        `log: appended ${unit}`,
        this.sum(`spillway_log_appended_${unit}_total`),
        this.sum(`spillway_source_${unit}_total`, { outcome: 'appended' }),
      ),
    );
  }
}

function equation(what: string, left: number, right: number): string[] {
  return left === right ? [] : [`${what} is ${left}, its parts are ${right}`];
}
