/** Objects, each a resource: read, patched, replaced, deleted. The ETag of all of them is the revision of the configuration. */
import { patchTo } from '@holdfast/centre';
import { type ConfigObject, configObject, nameOf } from '@holdfast/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { NodeSession } from './node-session.ts';
import { Problem } from './problem.ts';
import { etagOf, type RestApp, type RestContext, sessionOf } from './rest-app.ts';
import {
  editAnswer,
  editQuery,
  mergePatch,
  OBJECT_TYPES,
  objectPath,
  objectsAnswer,
  objectsQuery,
  refused,
  wholeObject,
} from './schemas.ts';
import { editAnswerOf, problemOfEdit, sendEdit } from './send-edit.ts';

const tags = ['objects'];
const unchanged = { 304: z.null().describe('It is the revision of If-None-Match.') };
const PATH = '/v1/objects/:type/:name';

export function addObjectRoutes(app: RestApp, context: RestContext): void {
  addReading(app, context);
  addEditing(app, context);
}

function addReading(app: RestApp, context: RestContext): void {
  app.get(
    '/v1/objects',
    {
      schema: {
        ...{ tags, summary: 'Objects by type and name, in pages', operationId: 'readObjects' },
        querystring: objectsQuery,
        response: { 200: objectsAnswer, ...unchanged, ...refused },
      },
    },
    async (request, reply) => {
      const { type, name, after, limit } = request.query;
      const wanted = type === undefined ? undefined : new Set([type].flat());
      const [afterType = '', afterName = ''] = splitAfter(after);
      const types = OBJECT_TYPES.filter((one) => one >= afterType && wanted?.has(one) !== false);
      const { objects, revision = context.configuration().revision } = await readTypes(
        sessionOf(request),
        types,
      );
      reply.header('etag', etagOf(revision));
      if (isSame(request, revision)) return reply.code(304).send(null);
      const isAfter = (object: ConfigObject) => object.objectType > afterType || nameOf(object) > afterName;
      const all = objects.filter(
        (object) => isAfter(object) && (name === undefined || nameOf(object) === name),
      );
      const page = all.slice(0, limit);
      const last = page.at(-1);
      const next =
        last !== undefined && all.length > limit ? { next: `${last.objectType}/${nameOf(last)}` } : {};
      return { revision, objects: page, ...next };
    },
  );
  app.get(
    PATH,
    {
      schema: {
        ...{ tags, summary: 'One object, without its secrets', operationId: 'readObject' },
        params: objectPath,
        response: { 200: configObject, ...unchanged, ...refused },
      },
    },
    async (request, reply) => {
      const { revision, object } = await readOne(sessionOf(request), request.params);
      reply.header('etag', etagOf(revision));
      if (isSame(request, revision)) return reply.code(304).send(null);
      return object;
    },
  );
}

function addEditing(app: RestApp, context: RestContext): void {
  const schema = { tags, params: objectPath, querystring: editQuery };
  const response = { 200: editAnswer, 201: editAnswer.describe('It has been created.'), ...refused };
  app.patch(
    PATH,
    {
      schema: {
        ...{ ...schema, body: mergePatch, response, operationId: 'patchObject' },
        ...{ summary: 'Change fields of an object', consumes: MERGE_PATCH_TYPES },
      },
    },
    async (request, reply) => {
      await presentOf(request);
      return edit(context, request, reply, { patch: request.body, seenAt: seenAtOf(request) });
    },
  );
  app.put(
    PATH,
    {
      schema: {
        ...{ ...schema, body: wholeObject, response, operationId: 'putObject' },
        summary: 'Create an object, or make it what is given',
      },
    },
    async (request, reply) => {
      const { type } = request.params;
      const { objectType = type } = request.body;
      if (objectType !== type)
        throw new Problem({
          ...{ code: 'bad-message', field: 'objectType' },
          detail: `The path says ${type}, and the object that it is a ${String(objectType)}.`,
        });
      const present = await found(request);
      if (present === undefined) return edit(context, request, reply, { patch: request.body });
      const { object, revision } = present;
      // Whatever somebody else does between this look and the edit is not undone by it.
      const seenAt = seenAtOf(request) ?? revision;
      // What is no such object is refused as an edit, with its fields.
      const wanted = { ...namesOf(object), ...request.body } as ConfigObject;
      return edit(context, request, reply, { patch: patchTo(object, wanted), seenAt });
    },
  );
  app.delete(
    PATH,
    { schema: { ...schema, response, summary: 'Delete an object', operationId: 'deleteObject' } },
    async (request, reply) => {
      await presentOf(request);
      return edit(context, request, reply, { patch: null, seenAt: seenAtOf(request) });
    },
  );
}

/** RFC 7396 has a type of its own; plain JSON is understood likewise. */
export const MERGE_PATCH_TYPES = ['application/merge-patch+json', 'application/json'];

interface ObjectPath {
  readonly type: string;
  readonly name: string;
}
type ObjectRequest = Pick<FastifyRequest, 'headers' | 'nodeSession' | 'url'> & {
  readonly params: ObjectPath;
  readonly query: z.infer<typeof editQuery>;
};

interface EditReply {
  header(name: string, value: string): unknown;
  code(status: 201): unknown;
}

interface ObjectEdit {
  readonly patch: Readonly<Record<string, unknown>> | null;
  readonly seenAt?: string | undefined;
}

async function edit(
  context: RestContext,
  request: ObjectRequest,
  reply: EditReply,
  { patch, seenAt }: ObjectEdit,
) {
  const { params, query, url } = request;
  const key = `${params.type}/${params.name}`;
  const { dryRun, note } = query;
  const answer = await sendEdit(context, sessionOf(request), {
    ...{ type: 'Edit', edits: [{ key, patch }], dryRun },
    ...(seenAt === undefined ? {} : { seenAt }),
    ...(note === undefined ? {} : { note }),
  });
  const isConditional = request.headers['if-match'] !== undefined;
  if (answer.type === 'NotEdited') throw problemOfEdit(context, url, answer, isConditional);
  reply.header('etag', etagOf(answer.revision));
  const own = answer.entry.changes.find((change) => change.key === key);
  if (own?.before === null && !answer.isDryRun) {
    reply.code(201);
    reply.header('location', `/v1/objects/${params.type}/${encodeURIComponent(params.name)}`);
  }
  return editAnswerOf(answer);
}

/** What the path says already. */
function namesOf(object: ConfigObject): Readonly<Record<string, string>> {
  if (object.objectType === 'DN') return { number: object.number, switch: object.switch };
  if (object.objectType === 'AgentLogin') return { code: object.code, switch: object.switch };
  return { name: object.name };
}

interface Present {
  readonly revision: string;
  readonly object: ConfigObject;
}

async function readTypes(session: NodeSession, types: readonly string[]) {
  // In one turn of the node, so that all are of one revision.
  const answers = await Promise.all(
    types.map((objectType) => session.ask({ type: 'Read', objectType, subscribe: false }, 'Objects')),
  );
  const objects = answers.flatMap((answer) => answer.objects as ConfigObject[]);
  return { revision: answers.at(-1)?.revision, objects };
}

async function readOne(session: NodeSession, { type: objectType, name }: ObjectPath): Promise<Present> {
  const answer = await session.ask({ type: 'Read', objectType, name, subscribe: false }, 'Objects');
  const [object] = answer.objects as ConfigObject[];
  if (object === undefined)
    throw new Problem({ code: 'not-found', detail: `There is no ${objectType} "${name}".` });
  return { revision: answer.revision, object };
}

/** Undefined where there is none. The conditions of the request are looked at here as far as they ask for that (RFC 9110 §13.1). */
async function found(request: ObjectRequest): Promise<Present | undefined> {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
  const { type, name } = request.params;
  const failed = (detail: string) => new Problem({ code: 'conflict', status: 412, detail });
  try {
    const present = await readOne(sessionOf(request), request.params);
    if (ifNoneMatch === '*') throw failed(`There is a ${type} "${name}" already.`);
    return present;
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.options.code !== 'not-found') throw problem;
    if (ifMatch !== undefined) throw failed(`There is no ${type} "${name}" any more.`);
    return undefined;
  }
}

async function presentOf(request: ObjectRequest): Promise<Present> {
  const present = await found(request);
  if (present !== undefined) return present;
  const { type, name } = request.params;
  throw new Problem({ code: 'not-found', detail: `There is no ${type} "${name}".` });
}

/** If-Match: "3.128" is the revision that the editor looked at; `*` asks only that there is such an object. */
function seenAtOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const ifMatch = headers['if-match'];
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const revision = /^"(\d{1,15}\.\d{1,15}(?:\+\d{1,9})?)"$/.exec(ifMatch)?.[1];
  if (revision !== undefined) return revision;
  const detail = 'If-Match is not one ETag of this server, as "3.128" with its quotation marks.';
  throw new Problem({ code: 'bad-message', field: 'If-Match', detail });
}

function isSame({ headers }: Pick<FastifyRequest, 'headers'>, revision: string): boolean {
  const asked = headers['if-none-match'] ?? '';
  return asked.split(',').some((one) => one.trim().replace(/^W\//, '') === etagOf(revision));
}

function splitAfter(after: string | undefined): string[] {
  if (after === undefined) return [];
  const at = after.indexOf('/');
  return [after.slice(0, Math.max(0, at)), after.slice(at + 1)];
}
