/** Imports: a body of many edits, and how far it is. */
import { Imports, readEdits } from './imports.ts';
import type { RestApp, RestContext } from './rest-app.ts';
import { importAnswer, importBody, importPath, importQuery, refused } from './schemas.ts';
import { notHere, problemOfEdit } from './send-edit.ts';

export const NDJSON_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

export function addImportRoutes(app: RestApp, context: RestContext): void {
  const imports = new Imports(context);
  const tags = ['imports'];
  app.addContentTypeParser(NDJSON_TYPES, { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.post(
    '/v1/imports',
    {
      schema: {
        ...{ tags, operationId: 'startImport', consumes: ['application/x-ndjson'] },
        ...{ summary: 'Edits, one a line as JSON, done part by part; the answer says where to ask how far' },
        ...{ querystring: importQuery, body: importBody, response: { 202: importAnswer, ...refused } },
      },
    },
    async (request, reply) => {
      const { part, note } = request.query;
      const { body, url: path } = request;
      const elsewhere = notHere(context);
      if (elsewhere !== undefined) throw problemOfEdit(context, path, elsewhere);
      imports.makeSureOfRoom();
      const edits = await readEdits(body);
      const own = await context.sessions.ownOf(request.headers.authorization, request.ip, {});
      const started = imports.start(own, { edits, part, note, path });
      reply.header('location', `/v1/imports/${started.id}`);
      return reply.code(202).send(started);
    },
  );
  app.get(
    '/v1/imports/:id',
    {
      schema: {
        ...{ tags, operationId: 'readImport', summary: 'How far an import is, and how it has ended' },
        ...{ params: importPath, response: { 200: importAnswer, ...refused } },
      },
    },
    async (request) => imports.get(request.params.id),
  );
}
