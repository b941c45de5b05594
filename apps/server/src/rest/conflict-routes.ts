/** What the edits of a site that was cut off and those of the others have left open, and the choice between them. */
import type { ShownConflict } from '@holdfast/protocol';
import { defined, send } from './edit-routes.ts';
import { etagOf, type RestApp, type RestContext, sessionOf } from './rest-app.ts';
import {
  conflictPath,
  conflictsAnswer,
  conflictsQuery,
  dryRunQuery,
  editAnswer,
  refused,
  resolveBody,
} from './schemas.ts';

export function addConflictRoutes(app: RestApp, context: RestContext): void {
  const tags = ['conflicts'];
  app.get(
    '/v1/conflicts',
    {
      schema: {
        ...{ tags, querystring: conflictsQuery, operationId: 'readConflicts' },
        ...{ summary: 'What both a site that was cut off and the others have edited' },
        response: { 200: conflictsAnswer, ...refused },
      },
    },
    async (request) => {
      const { all, limit } = request.query;
      const { conflicts, more } = await sessionOf(request).ask(
        { type: 'Conflicts', all, limit },
        'ConflictList',
      );
      return { conflicts: conflicts.map(told), more };
    },
  );
  app.post(
    '/v1/conflicts/:id/resolve',
    {
      schema: {
        ...{ tags, params: conflictPath, querystring: dryRunQuery, body: resolveBody },
        ...{ summary: 'Choose what becomes of a conflict, as an edit', operationId: 'resolveConflict' },
        response: { 200: editAnswer, ...refused },
      },
    },
    async (request, reply) => {
      const { choice, note } = request.body;
      const { dryRun } = request.query;
      const question = { type: 'Resolve' as const, id: request.params.id, choice, dryRun };
      const answer = await send(context, request, { ...question, ...defined({ note }) });
      reply.header('etag', etagOf(answer.revision));
      return answer;
    },
  );
}

function told({ main, branch, ...conflict }: ShownConflict) {
  return { ...conflict, main: toldSide(main), branch: toldSide(branch) };
}

function toldSide({ at, ...side }: ShownConflict['main']) {
  return at === undefined ? side : { ...side, at: new Date(at).toISOString() };
}
