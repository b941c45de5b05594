/** Many edits at once, what has been edited, and the way back. */
import { revisionText } from '@holdfast/protocol';
import { etagOf, type RestApp, type RestContext, sessionOf } from './rest-app.ts';
import {
  dryRunQuery,
  editAnswer,
  editsBody,
  fixBody,
  historyAnswer,
  historyQuery,
  instantOf,
  refused,
  restoreBody,
} from './schemas.ts';
import { type EditQuestion, editAnswerOf, problemOfEdit, sendEdit } from './send-edit.ts';

const response = { 200: editAnswer, ...refused };

export function addEditRoutes(app: RestApp, context: RestContext): void {
  const tags = ['edits'];
  const querystring = dryRunQuery;
  app.post(
    '/v1/edits',
    {
      schema: {
        ...{ tags, querystring, body: editsBody, response, operationId: 'edit' },
        ...{ summary: 'Edits of many objects in one entry: all of them hold, or none' },
      },
    },
    async (request, reply) => {
      const { dryRun } = request.query;
      const { edits, ...rest } = request.body;
      const answer = await send(context, request, { type: 'Edit', edits, dryRun, ...defined(rest) });
      reply.header('etag', etagOf(answer.revision));
      return answer;
    },
  );
  app.post(
    '/v1/restore',
    {
      schema: {
        ...{ tags, querystring, body: restoreBody, response, operationId: 'restore' },
        ...{ summary: 'Bring objects, or everything, back to what they were' },
      },
    },
    async (request, reply) => {
      const { dryRun } = request.query;
      const { to, keys, ...rest } = request.body;
      const moment = 'at' in to ? { at: typeof to.at === 'number' ? to.at : instantOf(to.at) } : to;
      const which = keys === undefined ? {} : { keys };
      const question = { type: 'Restore' as const, to: moment, dryRun, ...which, ...defined(rest) };
      const answer = await send(context, request, question);
      reply.header('etag', etagOf(answer.revision));
      return answer;
    },
  );
  app.post(
    '/v1/findings/fix',
    {
      schema: {
        ...{ tags: ['findings'], querystring, body: fixBody, response, operationId: 'fix' },
        ...{ summary: 'Make the fixes of the validator, as far as they can be made together' },
      },
    },
    async (request, reply) => {
      const { dryRun } = request.query;
      const answer = await send(context, request, { type: 'Fix', dryRun, ...defined(request.body ?? {}) });
      reply.header('etag', etagOf(answer.revision));
      return answer;
    },
  );
  addHistory(app);
}

function addHistory(app: RestApp): void {
  app.get(
    '/v1/history',
    {
      schema: {
        ...{ tags: ['edits'], querystring: historyQuery, operationId: 'readHistory' },
        ...{ summary: 'Who changed what and when', response: { 200: historyAnswer, ...refused } },
      },
    },
    async (request) => {
      const { from, to, key, who, before, limit } = request.query;
      const { entries, more } = await sessionOf(request).ask(
        {
          ...{ type: 'History', limit, ...defined({ key, who, before }) },
          ...(from === undefined ? {} : { from: instantOf(from) }),
          ...(to === undefined ? {} : { to: instantOf(to) }),
        },
        'Entries',
      );
      const told = entries.map((entry) => ({
        ...entry,
        ...{ revision: revisionText(entry.revision), at: new Date(entry.at).toISOString() },
      }));
      const last = told.at(-1);
      return { entries: told, ...(more && last !== undefined ? { next: last.revision } : {}) };
    },
  );
}

export async function send(
  context: RestContext,
  request: Parameters<typeof sessionOf>[0] & { readonly url: string },
  question: EditQuestion,
) {
  const answer = await sendEdit(context, sessionOf(request), question);
  if (answer.type === 'NotEdited') throw problemOfEdit(context, request.url, answer);
  return editAnswerOf(answer);
}

export type Defined<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** Without the fields that are not there. */
export function defined<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Defined<Fields>;
}
