/** Two Switches brought alike, and whether they are. */
import { author, comparedSwitches, revisionText, switchDifference, syncTerms } from '@holdfast/protocol';
import { z } from 'zod';
import { defined, send } from './edit-routes.ts';
import { etagOf, type RestApp, type RestContext, sessionOf } from './rest-app.ts';
import { dryRunQuery, editAnswer, inBody, refused } from './schemas.ts';

const syncBody = z.strictObject({
  ...syncTerms,
  master: syncTerms.master.describe(
    'One of the two: where both have something and it differs, its values hold.',
  ),
  places: syncTerms.places.describe(
    'One Place with a DN of each, or one for each DN; else as the master has it.',
  ),
  ownOptions: syncTerms.ownOptions.describe('As the option sync-own-options; else as the master has it.'),
  ...inBody,
});

const compareQuery = z.strictObject({
  switch: z
    .array(syncTerms.master)
    .length(2)
    .optional()
    .describe('Twice: these two, also where they are not kept alike. Without it all that are.'),
});

const compareAnswer = z.object({
  revision: z.string(),
  pairs: z.array(
    comparedSwitches.extend({
      differences: z.array(
        switchDifference.extend({
          by: z.object({ revision: z.string(), at: z.iso.datetime(), author }).optional(),
        }),
      ),
    }),
  ),
  unnamedBecause: z.string().optional().describe('Why the history was not asked who has edited what.'),
});

export function addSyncRoutes(app: RestApp, context: RestContext): void {
  const tags = ['synchronisation'];
  const url = '/v1/synchronisation';
  app.post(
    url,
    {
      schema: {
        ...{ tags, operationId: 'synchronise', querystring: dryRunQuery, body: syncBody },
        ...{ summary: 'Bring two Switches alike in one entry, and keep them so from then on' },
        description:
          'With dryRun=true the look at it: the changes, and as findings each value that would be lost. Where the two are alike there is no change.',
        response: { 200: editAnswer, ...refused },
      },
    },
    async (request, reply) => {
      const { dryRun } = request.query;
      const { switches, master, ...rest } = request.body;
      const question = { type: 'SyncSwitches' as const, switches, master, dryRun, ...defined(rest) };
      const answer = await send(context, request, question);
      reply.header('etag', etagOf(answer.revision));
      return answer;
    },
  );
  app.get(
    url,
    {
      schema: {
        ...{ tags, operationId: 'compareSwitches', querystring: compareQuery },
        ...{ summary: 'Whether Switches are alike, and of what differs whose edit it was' },
        response: { 200: compareAnswer, ...refused },
      },
    },
    async (request, reply) => {
      const [one, other] = request.query.switch ?? [];
      const switches: { switches?: [string, string] } =
        one === undefined || other === undefined ? {} : { switches: [one, other] };
      const question = { type: 'CompareSwitches' as const, ...switches };
      const { revision, pairs, unnamedBecause } = await sessionOf(request).ask(question, 'SwitchesCompared');
      reply.header('etag', etagOf(revision));
      const told = pairs.map((pair) => ({
        ...pair,
        differences: pair.differences.map(({ by, ...difference }) => ({
          ...difference,
          ...(by && {
            by: { ...by, revision: revisionText(by.revision), at: new Date(by.at).toISOString() },
          }),
        })),
      }));
      return { revision, pairs: told, ...defined({ unnamedBecause }) };
    },
  );
}
