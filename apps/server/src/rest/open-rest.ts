/**
 * The port `rest` of a Configuration Server: HTTP for people's programs. Nothing is decided here: each request becomes what a client of
 * the node says, and its answer goes back as HTTP has it. Where the Application has no such port, nothing listens.
 */
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import webSocket from '@fastify/websocket';
import type { Configuration } from '@holdfast/centre';
import Fastify, { type FastifyReply } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { boundConnections } from '../io/bound-connections.ts';
import type { LogBudget } from '../log-budget.ts';
import { cannotOpen } from '../sip-server-ports.ts';
import { addChangeRoutes } from './change-routes.ts';
import { addConflictRoutes } from './conflict-routes.ts';
import { DOCS_POLICY, docsPage, type ShownDocument } from './docs-page.ts';
import { addEditRoutes } from './edit-routes.ts';
import { addImportRoutes } from './import-routes.ts';
import { addInfoRoutes, addLogIn, notHere } from './info-routes.ts';
import type { Attach } from './inner-clients.ts';
import { addObjectRoutes, MERGE_PATCH_TYPES } from './object-routes.ts';
import { addOwnPassword, addPersonRoutes } from './person-routes.ts';
import { Problem } from './problem.ts';
import { requestProblem } from './request-problem.ts';
import { LIMIT_WINDOW_MS, REST_LIMITS, type RestApp, type RestContext, type RestLimits } from './rest-app.ts';
import { Sessions } from './sessions.ts';
import type { Standing } from './standing.ts';
import { addSyncRoutes } from './sync-routes.ts';

export interface RestOptions {
  /** Name of the Application. */
  readonly application: string;
  readonly host: string;
  readonly port: number;
  readonly strangers: LogBudget;
  readonly limits?: Partial<RestLimits>;
  attach: Attach;
  configuration(): Configuration;
  standing(): Standing;
}

export interface RestPort {
  readonly port: number;
  stop(): Promise<void>;
}

/** One more is not accepted. Many programs may stand behind one address. */
const CONNECTIONS_MAX = 1_024;
const CONNECTIONS_PER_ADDRESS_MAX = 512;
/** A whole request, its 10 MB included, takes no longer to come; its head no longer than this. */
const REQUEST_MAX_MS = 60_000;
const HEAD_MAX_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
const HEADER_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 30_000;
/** Names have 255 letters, each up to twelve signs in a URL. */
const PARAMETER_CHARS_MAX = 4_096;
/** Subscribers say nothing. */
const MESSAGE_BYTES_MAX = 1_024;
/** Of a subscriber at the end, to agree. */
const CLOSING_MAX_MS = 500;
const SERVER_STOPS = 1001;

/** Rejects with CannotRun. */
export async function openRest(options: RestOptions): Promise<RestPort> {
  const { application, host, port, strangers, attach } = options;
  const limits = { ...REST_LIMITS, ...options.limits };
  const sessions = new Sessions(attach);
  const context: RestContext = {
    ...{ application, sessions, limits, strangers },
    configuration: () => options.configuration(),
    standing: () => options.standing(),
  };
  const app = makeApp(limits);
  await addPlugins(app, limits);
  addErrors(app, context);
  addLogIn(app, context);
  addOwnPassword(app, context);
  addDescription(app);
  await app.register(async (scope) => addGuarded(scope.withTypeProvider<ZodTypeProvider>(), context));
  app.server.maxConnections = CONNECTIONS_MAX;
  app.server.on('connection', boundConnections(CONNECTIONS_PER_ADDRESS_MAX));
  await app.listen({ host, port, exclusive: true }).catch(cannotOpen(`Port "rest" (${port})`, host));
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async stop() {
      sessions.stop();
      await app.close();
    },
  };
}

function makeApp({ bodyBytesMax }: RestLimits): RestApp {
  const app = Fastify({
    ...{ bodyLimit: bodyBytesMax, requestTimeout: REQUEST_MAX_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    ...{ forceCloseConnections: true, routerOptions: { maxParamLength: PARAMETER_CHARS_MAX } },
    http: {
      ...{ headersTimeout: HEAD_MAX_MS, maxHeaderSize: HEADER_BYTES_MAX },
      connectionsCheckingInterval: LOOK_EVERY_MS,
    },
    frameworkErrors: (_error, request, reply) =>
      void send(
        reply,
        new Problem({ code: 'bad-message', detail: `The path ${request.url.slice(0, 200)} cannot be read.` }),
      ),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  // Answers are made by our own types: their schemas describe them.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.decorateRequest('nodeSession', null);
  const json = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser(MERGE_PATCH_TYPES[0] as string, { parseAs: 'string' }, json);
  return app;
}

async function addPlugins(app: RestApp, { requestsMax }: RestLimits): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        ...{ title: 'Holdfast configuration', version: '1' },
        description: 'Reading, editing and following the configuration of the centre.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(rateLimit, {
    ...{ max: requestsMax, timeWindow: LIMIT_WINDOW_MS },
    errorResponseBuilder: (_request, { ttl, max }) =>
      new Problem({
        code: 'too-many-requests',
        detail: `More than ${max} such requests of this address in a minute. Wait ${Math.ceil(ttl / 1_000)} s.`,
        retryAfterMs: ttl,
      }),
  });
  await app.register(webSocket, {
    options: { maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false },
    preClose: async () => {
      for (const client of app.websocketServer.clients) {
        client.close(SERVER_STOPS, 'the server stops');
        setTimeout(() => client.terminate(), CLOSING_MAX_MS).unref();
      }
    },
  });
}

function addErrors(app: RestApp, { limits, strangers }: RestContext): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = requestProblem(error, limits);
    if (problem !== undefined) return send(reply, problem);
    const because = String((error as Error)?.stack ?? error);
    strangers.line({ level: 'error', what: 'REST request failed', because }, request.ip);
    return send(
      reply,
      new Problem({ code: 'internal', detail: 'The server made a mistake; its log says more.' }),
    );
  });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) =>
    send(reply, notHere(request.url)),
  );
}

/** What is served to whoever shows a token. */
function addGuarded(app: RestApp, context: RestContext): void {
  // Before the body is read: nobody sends us 10 MB who may not ask anything.
  app.addHook('preParsing', async (request, reply) => {
    request.nodeSession = await context.sessions.of(request.headers.authorization, request.ip);
    reply.header('cache-control', 'private, no-cache');
  });
  addInfoRoutes(app, context);
  addObjectRoutes(app, context);
  addEditRoutes(app, context);
  addPersonRoutes(app, context);
  addConflictRoutes(app, context);
  addImportRoutes(app, context);
  addChangeRoutes(app, context);
  addSyncRoutes(app, context);
}

function addDescription(app: RestApp): void {
  let page: string | undefined;
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => {
    page ??= docsPage(app.swagger() as ShownDocument);
    reply.header('content-security-policy', DOCS_POLICY);
    return reply.type('text/html; charset=utf-8').send(page);
  });
}

function send(
  reply: Pick<FastifyReply, 'code' | 'headers' | 'removeHeader' | 'type' | 'send'>,
  problem: Problem,
): unknown {
  reply.code(problem.statusCode);
  reply.headers({ ...problem.headers });
  reply.type('application/problem+json');
  // What is still on its way is thrown away as it comes: cut off, its sender would not read why.
  if (problem.options.code === 'too-large') reply.removeHeader('connection');
  return reply.send(JSON.stringify(problem.body));
}
