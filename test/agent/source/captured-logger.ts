// A logger that keeps its lines, so that a test can ask what was said, and how often.

import { type Logger, pino } from 'pino';

export interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [key: string]: unknown;
}

export interface CapturedLogger {
  readonly logger: Logger;
  readonly lines: Line[];
}

export function captureLogger(): CapturedLogger {
  const lines: Line[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line) as Line) });
  return { logger, lines };
}
