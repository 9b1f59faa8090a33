// The process of a fault proxy: `--listen HOST:PORT --to HOST:PORT --control HOST:PORT`. On the control port
// GET / answers its state, PUT /fault takes a fault (see fault.ts), POST /reset resets what stands.

import { createServer, type IncomingMessage } from 'node:http';
import { exit } from 'node:process';
import { parseArgs } from 'node:util';
import { linkFaultSchema } from './fault.ts';
import { type Endpoint, FaultProxy } from './proxy.ts';

const BODY_BYTES_MAX = 4096;

const { values } = parseArgs({
  options: { listen: { type: 'string' }, to: { type: 'string' }, control: { type: 'string' } },
});
const proxy = await FaultProxy.listen(endpoint('listen'), endpoint('to'));
const control = createServer((request, response) => {
  answer(request).then(
    (body) => response.end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(400).end(String(error)),
  );
});
control.listen(endpoint('control'));
process.on('SIGTERM', () => exit(0));
process.on('SIGINT', () => exit(0));

async function answer(request: IncomingMessage): Promise<unknown> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /':
      return proxy.state;
    case 'PUT /fault':
      proxy.fault = linkFaultSchema.parse(JSON.parse(await bodyOf(request)));
      return proxy.state;
    case 'POST /reset':
      return { reset: proxy.reset() };
    default:
      throw new Error(`no ${request.method} ${request.url}`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_BYTES_MAX) throw new Error('the body is too long');
  }
  return text;
}

function endpoint(name: 'listen' | 'to' | 'control'): Endpoint {
  const [host, port] = (values[name] ?? '').split(':');
  if (host === undefined || port === undefined) throw new Error(`--${name}: expected HOST:PORT`);
  return { host, port: Number(port) };
}
