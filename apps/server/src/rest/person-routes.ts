/** How persons log in: passwords, revocation, and the way back in after too many failures. */
import type { FastifyRequest } from 'fastify';
import type { Question } from './node-session.ts';
import { etagOf, LIMIT_WINDOW_MS, type RestApp, type RestContext, sessionOf } from './rest-app.ts';
import {
  editAnswer,
  newPasswordBody,
  ownPasswordBody,
  personPath,
  refused,
  revokeBody,
  unlockAnswer,
} from './schemas.ts';
import { editAnswerOf, problemOfEdit } from './send-edit.ts';

const tags = ['persons'];
const response = { 200: editAnswer, ...refused };

/** Needs no token: a password that has expired gets none. */
export function addOwnPassword(app: RestApp, context: RestContext): void {
  const { sessions, limits } = context;
  app.post(
    '/v1/password',
    {
      config: {
        rateLimit: { max: limits.logInsMax, timeWindow: LIMIT_WINDOW_MS, groupId: 'log-in' },
      },
      schema: {
        ...{ tags: ['log-in'], body: ownPasswordBody, security: [], response, operationId: 'setPassword' },
        ...{ summary: 'Set the own password, also when the present one has expired' },
      },
    },
    async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      reply.header('cache-control', 'no-store');
      const answer = await sessions.setPassword(request.body, request.ip, gone.signal);
      if (answer.type === 'NotEdited') throw problemOfEdit(context, request.url, answer);
      return editAnswerOf(answer);
    },
  );
}

export function addPersonRoutes(app: RestApp, context: RestContext): void {
  app.put(
    '/v1/persons/:name/password',
    {
      schema: {
        ...{ tags, params: personPath, body: newPasswordBody, response, operationId: 'resetPassword' },
        ...{ summary: 'Set the password of somebody else, who has to set another at the next log-in' },
      },
    },
    async (request, reply) => {
      const { name: user } = request.params;
      const { newPassword, note } = request.body;
      const more = note === undefined ? {} : { note };
      return write(context, request, reply, { type: 'ResetPassword', user, newPassword, ...more });
    },
  );
  app.post(
    '/v1/persons/:name/revoke',
    {
      schema: {
        ...{ tags, params: personPath, body: revokeBody, response, operationId: 'revokeLogIn' },
        ...{ summary: 'What the person has logged in with until now counts no more, at both sites' },
      },
    },
    async (request, reply) => {
      const note = request.body?.note;
      const more = note === undefined ? {} : { note };
      return write(context, request, reply, { type: 'Revoke', user: request.params.name, ...more });
    },
  );
  app.post(
    '/v1/persons/:name/unlock',
    {
      schema: {
        ...{ tags, params: personPath, operationId: 'unlock', response: { 200: unlockAnswer, ...refused } },
        ...{ summary: 'After too many failures: the person may log in at once, at this server' },
      },
    },
    async (request) => {
      const { name: user } = request.params;
      await sessionOf(request).ask({ type: 'Unlock', user }, 'Unlocked');
      return { user, application: context.application };
    },
  );
}

/** Of what reads like an edit and is none. */
async function write(
  context: RestContext,
  request: Pick<FastifyRequest, 'nodeSession' | 'url'>,
  reply: { header(name: string, value: string): unknown },
  question: Extract<Question, { type: 'ResetPassword' | 'Revoke' }>,
) {
  const answer = await sessionOf(request).ask(question, 'Edited', 'NotEdited');
  if (answer.type === 'NotEdited') throw problemOfEdit(context, request.url, answer);
  reply.header('etag', etagOf(answer.revision));
  return editAnswerOf(answer);
}
