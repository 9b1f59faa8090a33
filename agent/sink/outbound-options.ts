// What one connection to a receiver is bounded by: bytes, batches and times.

export interface OutboundOptions {
  readonly instance: string;
  readonly version: string;
  readonly batchBytesMax: number;
  readonly lingerMs: number;
  readonly inflightBytesMax: number;
  readonly inflightBatchesMax: number;
  readonly connectTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly peerTimeoutMs: number;
}
