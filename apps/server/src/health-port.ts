/**
 * The port `health` of a server: what `answerHealth` says, over HTTP. Where the Application has no such port, nothing
 * listens. To open it is all that is asked of the process; whoever asks is answered from what the node holds.
 */
import { createServer, type Server } from 'node:http';
import type { Configuration } from '@holdfast/centre';
import { answerHealth, gauge, type LineCounts, type ServerReport } from '@holdfast/servers';
import { boundConnections } from './io/bound-connections.ts';
import { LoopDelay } from './io/process-load.ts';
import { cannotOpen } from './sip-server-ports.ts';

export interface HealthPortOptions {
  readonly configuration: Configuration;
  readonly application: string;
  readonly lines: LineCounts;
  report(): ServerReport;
}

/** Whoever asks: load balancers, an orchestrator, Prometheus. One more is not accepted. */
const CONNECTIONS_MAX = 64;
/** Several of them may stand behind one address; one more from there is closed at once, so that it cannot keep others out. */
export const CONNECTIONS_PER_ADDRESS_MAX = 16;
/** A request is one line and a few headers; who takes longer over them, or over the answer, is cut off. */
const REQUEST_MAX_MS = 5_000;
/** So often Node looks for such a request: by itself only every 30 s. */
const LOOK_EVERY_MS = 1_000;
const HEADER_BYTES_MAX = 8 * 1024;

export interface HealthPort {
  readonly port: number;
  stop(): Promise<void>;
}

/** Undefined where the Application names none. */
export async function openHealthPort(options: HealthPortOptions): Promise<HealthPort | undefined> {
  const { configuration, application } = options;
  const own = configuration.get('Application', application);
  const host = configuration.get('Host', own?.host ?? '')?.address;
  const port = own?.ports.health;
  if (host === undefined || port === undefined) return undefined;
  const delay = new LoopDelay();
  const server = makeServer(options, delay);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, resolve);
  }).catch(cannotOpen(`Port "health" (${port})`, host));
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function makeServer({ lines, report }: HealthPortOptions, delay: LoopDelay): Server {
  const server = createServer(
    {
      ...{ requestTimeout: REQUEST_MAX_MS, headersTimeout: REQUEST_MAX_MS },
      ...{ connectionsCheckingInterval: LOOK_EVERY_MS, maxHeaderSize: HEADER_BYTES_MAX },
    },
    ({ method = '', url = '' }, response) => {
      const said = report();
      const metrics = [...said.metrics, ...processMetrics(delay), lines.metric()];
      const [path = ''] = url.split('?');
      const { status, contentType, body } = answerHealth({ method, path }, { ...said, metrics });
      response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
      response.end(method === 'HEAD' ? undefined : body);
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.timeout = REQUEST_MAX_MS;
  server.on('connection', boundConnections(CONNECTIONS_PER_ADDRESS_MAX));
  return server;
}

function processMetrics(delay: LoopDelay) {
  const { p99Ms, maxMs } = delay.figures();
  // Each scrape tells of the time since the one before it.
  delay.reset();
  return [
    gauge(
      'holdfast_loop_delay_p99_ms',
      'By how much the event loop was late, since it was asked last.',
      p99Ms,
    ),
    gauge('holdfast_loop_delay_max_ms', 'The longest of these delays.', maxMs),
    gauge('holdfast_memory_bytes', 'Memory of the process.', process.memoryUsage.rss()),
  ];
}
