/**
 * Changes as they happen, over a WebSocket: `subscribed` with the revision that is served, then each later revision with what it
 * changed and deleted of what was asked for. Nothing is read of a subscriber; one who reads too slowly is cut, and comes back.
 */
import { splitKey } from '@holdfast/centre';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { z } from 'zod';
import type { NodeSession, Question } from './node-session.ts';
import { Problem } from './problem.ts';
import type { RestApp, RestContext } from './rest-app.ts';
import { changesQuery, OBJECT_TYPES, problem, refused } from './schemas.ts';

/** A subscriber that has not answered the last ping by the next one is gone. */
const PING_EVERY_MS = 30_000;
/** Status codes of RFC 6455 §7.4.1. */
const POLICY = 1008;
const TRY_AGAIN_LATER = 1013;

type Query = z.infer<typeof changesQuery>;
type Read = Extract<Question, { type: 'Read' }>;

export function addChangeRoutes(app: RestApp, context: RestContext): void {
  const open = new Set<WebSocket>();
  const { subscribersMax } = context.limits;
  app.route({
    method: 'GET',
    url: '/v1/changes',
    schema: {
      ...{ tags: ['changes'], operationId: 'subscribe', querystring: changesQuery },
      summary: 'Changes as they happen, over a WebSocket',
      description:
        'Messages are JSON: {"type": "subscribed", "revision"} first, then {"type": "changed", "revision", "objects", "deleted"} for each revision, and {"type": "ended", "problem"} when the log-in counts no more.',
      response: { 426: problem.describe('It is a WebSocket.'), ...refused },
    },
    async preValidation({ ws }) {
      if (!ws || open.size < subscribersMax) return;
      const detail = `There are ${subscribersMax} subscribers already. Subscribe at another Configuration Server.`;
      throw new Problem({ code: 'overloaded', detail, retryAfterMs: 60_000 });
    },
    handler(_request, reply) {
      reply.header('upgrade', 'websocket');
      throw new Problem({ code: 'bad-message', status: 426, detail: 'Connect to it by a WebSocket.' });
    },
    wsHandler(socket, request) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      serve(context, socket, request as ChangeRequest);
    },
  });
}

type ChangeRequest = Pick<FastifyRequest, 'headers' | 'ip'> & { readonly query: Query };

function serve(context: RestContext, socket: WebSocket, { headers, ip, query }: ChangeRequest): void {
  const tell = teller(context, socket, ip);
  watch(socket);
  const subscribed = subscribe(context, { authorization: headers.authorization, ip }, tell, socket);
  subscribed
    .then(async (session) => {
      socket.once('close', () => session.end());
      if (socket.readyState !== socket.OPEN) return session.end();
      tell({ type: 'subscribed', revision: await listen(session, query) });
    })
    .catch((error: unknown) => {
      // It counts no more, or there is no room: the socket says why it ends.
      const said =
        error instanceof Problem ? error : new Problem({ code: 'internal', detail: String(error) });
      tell({ type: 'ended', problem: said.body });
      socket.close(TRY_AGAIN_LATER, said.options.code);
    });
}

function subscribe(
  { sessions }: RestContext,
  { authorization, ip }: { readonly authorization: string | undefined; readonly ip: string },
  tell: Tell,
  socket: WebSocket,
): Promise<NodeSession> {
  return sessions.ownOf(authorization, ip, {
    changed: ({ revision, objects, deleted }) => tell({ type: 'changed', revision, objects, deleted }),
    ended(ended) {
      tell({ type: 'ended', problem: ended.body });
      socket.close(POLICY, ended.options.code);
    },
  });
}

/** The revision from which on everything is told. */
async function listen(session: NodeSession, query: Query): Promise<string> {
  // In one turn of the node, so that it is the same for all of them.
  const answers = await Promise.all(questionsOf(query).map((question) => session.ask(question, 'Objects')));
  return answers[0]?.revision ?? '';
}

function questionsOf({ type, key }: Query): Read[] {
  const read = { type: 'Read', subscribe: true, onlyChanges: true } as const;
  const types = [type ?? (key === undefined ? OBJECT_TYPES : [])].flat();
  const keys = [key ?? []].flat().map(splitKey);
  return [
    ...types.map((objectType) => ({ ...read, objectType })),
    ...keys.map(([objectType, name]) => ({ ...read, objectType, name })),
  ];
}

type Tell = (message: object) => void;

/** Says each message, or cuts a subscriber that does not keep up. */
function teller({ limits, strangers }: RestContext, socket: WebSocket, ip: string): Tell {
  const { subscriberBytesMax } = limits;
  return (message) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount <= subscriberBytesMax) return socket.send(JSON.stringify(message));
    const because = `more than ${subscriberBytesMax} bytes wait`;
    const detail = { kind: 'slow-reader', remote: ip };
    strangers.line({ level: 'warn', what: 'subscriber cut', because, detail }, ip);
    socket.terminate();
  };
}

function watch(socket: WebSocket): void {
  let isThere = true;
  const timer = setInterval(() => {
    if (!isThere) return socket.terminate();
    isThere = false;
    socket.ping();
  }, PING_EVERY_MS);
  timer.unref();
  socket.on('pong', () => {
    isThere = true;
  });
  // `close` follows.
  socket.on('error', () => {});
  socket.on('message', () => socket.close(POLICY, 'Nothing is read here.'));
  socket.once('close', () => clearInterval(timer));
}
