// The agent's HTTP port: /healthz says in one status whether somebody must act, /metrics gives the numbers.
// It reads and changes nothing. It serves a few scrapers on a private network, so it is small and bounded
// rather than fast.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Address, formatAddress } from '../config/address.ts';
import { fromSystemError, SpillwayError } from '../errors.ts';
import { METRICS_CONTENT_TYPE, processMetrics, renderMetrics } from './metrics.ts';
import { keepPlaces } from './places.ts';
import type { AgentSnapshot } from './snapshot.ts';

export interface Health {
  /** Why somebody must act, one sentence each; none means ok. */
  readonly reasons: readonly string[];
  /** What went wrong and is over, or goes on without harm to what moves: it is told, and the status stays 200. */
  readonly degraded?: readonly string[];
  /** More for who reads it: the registry's state, destinations that are away. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface HttpOptions {
  readonly address: Address;
  readonly connectionsMax: number;
  /** A request must be there whole within this time of its first byte, or of the connection. */
  readonly requestTimeoutMs: number;
  readonly health: () => Health;
  readonly snapshot: () => AgentSnapshot;
  /** Told what goes wrong while serving; nothing of it ends the server. */
  readonly onError: (error: SpillwayError) => void;
}

export interface HttpPort extends AsyncDisposable {
  /** Where it listens; the system's choice where port 0 was asked for. */
  readonly address: Address;
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @throws SpillwayError, for instance `address-in-use`. */
export async function openHttp(options: HttpOptions): Promise<HttpPort> {
  const registry = processMetrics();
  const routes = new Map<string, () => Reply | Promise<Reply>>([
    ['/healthz', () => healthReply(options)],
    [
      '/metrics',
      async () => text(200, await renderMetrics(options.snapshot(), registry), METRICS_CONTENT_TYPE),
    ],
  ]);
  const { requestTimeoutMs, connectionsMax } = options;
  const limits = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    keepAliveTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.max(100, requestTimeoutMs / 4),
  };
  const server = createServer(limits, (request, response) => {
    void respond(request, response, routes, options.onError);
  });
  server.setTimeout(2 * requestTimeoutMs); // for who asks and does not read the answer
  keepPlaces(server, connectionsMax);
  const port = await listen(server, options.address);
  server.on('error', (cause) => {
    options.onError(fromSystemError(`cannot accept on ${formatAddress(options.address)}`, cause));
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeServer(server);
    return closing;
  };
  return { address: { ...options.address, port }, close, [Symbol.asyncDispose]: close };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, () => Reply | Promise<Reply>>,
  onError: HttpOptions['onError'],
): Promise<void> {
  const { status, type, body, headers } = await replyTo(request, routes, onError);
  const length = Buffer.byteLength(body);
  response.writeHead(status, { 'content-type': type, 'content-length': length, ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function replyTo(
  { method, url = '/' }: IncomingMessage,
  routes: ReadonlyMap<string, () => Reply | Promise<Reply>>,
  onError: HttpOptions['onError'],
): Promise<Reply> {
  const path = url.split('?', 1)[0] ?? '/';
  const route = routes.get(path);
  if (route === undefined) return text(404, `not found, expected one of ${[...routes.keys()].join(', ')}\n`);
  if (method !== 'GET' && method !== 'HEAD') {
    return { ...text(405, 'expected GET or HEAD\n'), headers: { allow: 'GET, HEAD' } };
  }
  try {
    return await route();
  } catch (cause) {
    onError(new SpillwayError('internal', `cannot answer ${path}`, { cause }));
    return text(500, `cannot answer ${path}, the agent's log says why\n`);
  }
}

function healthReply({ health, snapshot }: HttpOptions): Reply {
  const { reasons, degraded = [], details } = health();
  const { id, version } = snapshot();
  const status = reasons.length > 0 ? 'failing' : degraded.length > 0 ? 'degraded' : 'ok';
  const uptimeSeconds = Math.round(process.uptime());
  const body = `${JSON.stringify({ status, reasons, degraded, id, version, uptimeSeconds, ...details })}\n`;
  return text(status === 'failing' ? 503 : 200, body, 'application/json; charset=utf-8');
}

function text(status: number, body: string, type = 'text/plain; charset=utf-8'): Reply {
  return { status, type, body };
}

/** The port it listens on. */
function listen(server: Server, address: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => {
      reject(fromSystemError(`cannot listen on ${formatAddress(address)} for /healthz and /metrics`, cause));
    };
    server.once('error', failed);
    server.listen({ host: address.host, port: address.port, exclusive: true }, () => {
      server.off('error', failed);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
