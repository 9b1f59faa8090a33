// What /healthz and /metrics say of the configuration that is in effect.

export const RELOAD_OUTCOMES = ['applied', 'unchanged', 'refused'] as const;
export type ReloadOutcome = (typeof RELOAD_OUTCOMES)[number];

export interface ConfigurationSnapshot {
  /** 1 after the start; rises with every configuration that is applied. */
  readonly generation: number;
  /** When this one took effect, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Null: it was never asked to reload. `reason`: why it was refused. */
  readonly lastReload: {
    readonly timeMs: number;
    readonly outcome: ReloadOutcome;
    readonly reason: string | null;
  } | null;
  /** Since the start. */
  readonly reloads: Readonly<Record<ReloadOutcome, number>>;
}
