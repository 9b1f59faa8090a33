// How fast something grows over time, and how sure that is: a backlog that swings by what lies in buffers has a slope
// in every short window, which says nothing.

export interface Point {
  /** Seconds. */
  readonly x: number;
  readonly y: number;
}

export interface Trend {
  /** Least squares, per second. */
  readonly slope: number;
  /** Its standard error: wider where neighbouring points are alike, for then there are fewer of them than it seems. */
  readonly error: number;
}

/** Beyond this, neighbours are so alike that the window is too short to say anything more exact. */
const CORRELATION_MAX = 0.9;

/** @returns null where there are too few points for a line and something to judge it by. */
export function trendOf(points: readonly Point[]): Trend | null {
  const count = points.length;
  if (count < 3) return null;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (spread === 0) return null;
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residuals = points.map(({ x, y }) => y - meanY - slope * (x - meanX));
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const variance = squares / (count - 2);
  const alike = squares === 0 ? 0 : Math.min(CORRELATION_MAX, Math.max(0, neighbours(residuals) / squares));
  return { slope, error: Math.sqrt((variance / spread) * ((1 + alike) / (1 - alike))) };
}

function neighbours(residuals: readonly number[]): number {
  return residuals.reduce((sum, residual, index) => sum + residual * (residuals[index - 1] ?? 0), 0);
}
