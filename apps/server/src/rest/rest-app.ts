/** What all routes of REST have in common: the types of the application, and what they are served from. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Configuration } from '@holdfast/centre';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { LogBudget } from '../log-budget.ts';
import type { NodeSession } from './node-session.ts';
import type { Sessions } from './sessions.ts';
import type { Standing } from './standing.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the bearer of the token; null before that has been looked at, and where none is needed. */
    nodeSession: NodeSession | null;
  }
}

export type RestApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface RestLimits {
  /** Of one request. */
  readonly bodyBytesMax: number;
  /** Of one address, in a minute. */
  readonly requestsMax: number;
  /** Likewise, by password: each costs a tenth of a second of work. */
  readonly logInsMax: number;
  readonly subscribersMax: number;
  /** What may wait in our memory for one of them; who is further behind is cut. */
  readonly subscriberBytesMax: number;
}

export const REST_LIMITS: RestLimits = {
  bodyBytesMax: 10 * 1024 * 1024,
  requestsMax: 6_000,
  logInsMax: 60,
  subscribersMax: 256,
  subscriberBytesMax: 4 * 1024 * 1024,
};

/** What the counts of requests and log-ins are for. */
export const LIMIT_WINDOW_MS = 60_000;

export interface RestContext {
  /** Name of the Application. */
  readonly application: string;
  readonly sessions: Sessions;
  readonly limits: RestLimits;
  /** What strangers can cause is written within this. */
  readonly strangers: LogBudget;
  configuration(): Configuration;
  standing(): Standing;
}

export function sessionOf({ nodeSession }: { readonly nodeSession: NodeSession | null }): NodeSession {
  if (nodeSession === null) throw new Error('a route is served without a session');
  return nodeSession;
}

/** Of a revision, as ETag and If-Match have it. */
export function etagOf(revision: string): string {
  return `"${revision}"`;
}
