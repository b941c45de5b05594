/** What REST takes and gives, as schemas: they check every request, and the OpenAPI document is made of them. */
import {
  author,
  CONFLICTS_MAX,
  change,
  checkFinding,
  configObject,
  EDITS_MAX,
  edit,
  entry,
  finding,
  shownConflict,
} from '@holdfast/protocol';
import { z } from 'zod';

/** Of one page. */
export const OBJECTS_MAX = 10_000;
const OBJECTS_DEFAULT = 1_000;
/** As the store reads it. */
const HISTORY_MAX = 500;
/** Edits that an import puts into one entry, unless it says otherwise. */
const PART_DEFAULT = 1_000;

/** By the order of their keys, in which pages go on. */
export const OBJECT_TYPES = configObject.options.map(({ shape }) => shape.objectType.value).sort();

const revisionWord = z
  .string()
  .regex(/^\d{1,15}\.\d{1,15}(\+\d{1,9})?$/, 'must be a revision, as 3.128')
  .describe('A revision, as 3.128; 3.128+2 at a site that is cut off.');
const key = z.string().min(3).max(320).describe('TYPE/NAME, as Person/kim or DN/8000@north.');
const note = z.string().min(1).max(1_000).describe('Why, for the history.');
const flag = z.enum(['true', 'false']).default('false');
const isSet = (word: string) => word === 'true';

/** A date and time, or ms since 1970. */
const instant = z
  .string()
  .max(40)
  .refine(
    (text) => Number.isFinite(instantOf(text)),
    'must be a date and time, as 2026-01-31T09:00:00Z, or ms',
  )
  .describe('A date and time (ISO 8601, UTC unless it says otherwise), or ms since 1970.');

export function instantOf(text: string): number {
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return Number(text);
  // Without a zone it would be that of whatever machine the server runs on.
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/i.test(text);
  const isDateAlone = /^\d{4}-\d{2}-\d{2}$/.test(text);
  return Date.parse(hasZone || isDateAlone ? text : `${text}Z`);
}

const objectTypes = z.enum(OBJECT_TYPES as [string, ...string[]]);

export const objectPath = z.strictObject({
  type: z.string().min(1).max(64).describe('As Person, DN, AgentGroup.'),
  name: z.string().min(1).max(255).describe('As kim; of a DN or an Agent Login number@switch.'),
});

export const objectsQuery = z.strictObject({
  type: z
    .union([objectTypes, z.array(objectTypes).max(OBJECT_TYPES.length)])
    .optional()
    .describe('One or several; without it all.'),
  name: z.string().min(1).max(255).optional().describe('Only those of this name.'),
  after: key.optional().describe('The `next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(OBJECTS_MAX).default(OBJECTS_DEFAULT),
});

const editing = {
  dryRun: flag.transform(isSet).describe('Only say what would change, and what speaks against it.'),
  note: note.optional(),
};
export const editQuery = z.strictObject(editing);

/** RFC 7396. */
export const mergePatch = z
  .record(z.string(), z.unknown())
  .describe('The fields that are to change (RFC 7396); null takes one away.');
export const wholeObject = z
  .record(z.string(), z.unknown())
  .describe('The object as it is to be. Secrets stay as they are unless they are in it.');

/** Of everything that becomes an edit. */
export const inBody = { seenAt: revisionWord.optional(), note: note.optional() };

export const editsBody = z.strictObject({
  edits: z.array(z.strictObject(edit.shape)).min(1).max(EDITS_MAX),
  ...inBody,
});
export const dryRunQuery = z.strictObject({ dryRun: editing.dryRun });

export const restoreBody = z.strictObject({
  keys: z.array(key).min(1).max(EDITS_MAX).optional().describe('Without them everything.'),
  to: z.union([
    z.strictObject({ revision: revisionWord }),
    z.strictObject({ at: z.union([z.number(), instant]) }),
  ]),
  ...inBody,
});

export const fixBody = z.strictObject(inBody).nullish();

export const conflictsQuery = z.strictObject({
  all: flag.transform(isSet).describe('Also those that are resolved, and what was settled by rule.'),
  limit: z.coerce.number().int().min(1).max(CONFLICTS_MAX).default(100),
});
export const conflictPath = z.strictObject({
  id: z.string().min(1).max(100).describe('As the list of conflicts has it.'),
});
export const resolveBody = z.strictObject({
  choice: z
    .union([
      z.enum(['main', 'branch']),
      z
        .strictObject({ value: z.unknown() })
        .refine((choice) => Object.hasOwn(choice, 'value'), 'must have a value; null takes it away'),
    ])
    .describe(
      'What the main line has, what the site that was cut off had, or another value of the field; null takes it, or the object, away.',
    ),
  note: note.optional(),
});

export const historyQuery = z.strictObject({
  key: key.optional(),
  who: z.string().min(1).max(255).optional(),
  from: instant.optional(),
  to: instant.optional(),
  before: revisionWord.optional().describe('The `next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(HISTORY_MAX).default(100),
});

export const findingsQuery = z.strictObject({
  severity: z.enum(['error', 'warning']).optional(),
  rule: z.string().min(1).max(16).optional().describe('As V14.'),
  object: key.optional(),
});

export const importBody = z.string().describe('One edit a line: {"key": "Person/kim", "patch": {…}}.');

export const importQuery = z.strictObject({
  note: note.optional(),
  part: z.coerce
    .number()
    .int()
    .min(1)
    .max(EDITS_MAX)
    .default(PART_DEFAULT)
    .describe('So many edits are one entry: all of them hold, or none.'),
});

export const changesQuery = z.strictObject({
  type: z
    .union([objectTypes, z.array(objectTypes).max(OBJECT_TYPES.length)])
    .optional()
    .describe('Changes of objects of these types.'),
  key: z
    .union([key, z.array(key).max(32)])
    .optional()
    .describe('Changes of these objects. With neither, of all.'),
});

export const logInBody = z.strictObject({
  user: z.string().min(1).max(255),
  password: z.string().min(1).max(1_024),
});

export const personPath = z.strictObject({
  name: z.string().min(1).max(255).describe('The user name, as kim.'),
});
const newPassword = z.string().min(1).max(1_024);
export const newPasswordBody = z.strictObject({ newPassword, note: note.optional() });
export const ownPasswordBody = z.strictObject({
  ...logInBody.shape,
  password: logInBody.shape.password.describe('The present one.'),
  newPassword,
});
export const revokeBody = z.strictObject({ note: note.optional() }).nullish();

export const importPath = z.strictObject({ id: z.string().min(1).max(64) });

const revision = z.string().describe('Of the configuration that is served.');

export const issuedToken = z.object({ token: z.string(), expiresAt: z.iso.datetime() });
export const objectsAnswer = z.object({
  revision,
  objects: z.array(configObject),
  next: z.string().optional().describe('There are more: ask again with `after`.'),
});
export const editAnswer = z.object({
  revision,
  isDryRun: z.boolean(),
  author,
  changes: z.array(change).describe('Without secrets. None: everything was so already.'),
  findings: z.array(finding).describe('Warnings of the validator that the edit brings.'),
});
const toldEntry = entry.extend({ revision: z.string(), at: z.iso.datetime() });
export const historyAnswer = z.object({
  entries: z.array(toldEntry).describe('Newest first.'),
  next: z.string().optional().describe('There are older ones: ask again with `before`.'),
});
export const unlockAnswer = z.object({
  user: z.string(),
  application: z.string().describe('At which it is so: each server that lets people in counts for itself.'),
});
export const verifyAnswer = z.union([
  z.object({ isSound: z.literal(true), revision, entries: z.number().int() }),
  z.object({
    isSound: z.literal(false),
    at: z.string().describe('The first that is not what was written: an entry as 3.128, or an object.'),
    because: z.string(),
  }),
]);
const toldSide = shownConflict.shape.main.extend({ at: z.iso.datetime().optional() });
export const conflictsAnswer = z.object({
  conflicts: z
    .array(shownConflict.extend({ main: toldSide, branch: toldSide }))
    .describe('The oldest first, without secrets.'),
  more: z.boolean().describe('There are others: ask for more, or resolve these.'),
});
export const findingsAnswer = z.object({ revision, findings: z.array(checkFinding) });

export const STANDINGS = ['writing', 'following', 'cutOff', 'proxy', 'files'] as const;
export const revisionAnswer = z.object({
  application: z.string().describe('That answers.'),
  site: z.string(),
  revision,
  objects: z.number().int(),
  standing: z
    .enum(STANDINGS)
    .describe(
      'writing: edits are written here. following: another Configuration Server writes. cutOff: the database cannot be reached. proxy: edits are passed on. files: nothing is edited here.',
    ),
  writer: z.string().optional().describe('The Application that writes, where it is known.'),
  follows: z.string().optional().describe('Of a proxy: the address of the server that it follows.'),
  ageMs: z.number().describe('For how long nothing newer could have been heard of.'),
  because: z.string().optional(),
});

export const IMPORT_STATES = ['running', 'done', 'refused', 'interrupted'] as const;
export const importAnswer = z.object({
  id: z.string(),
  state: z
    .enum(IMPORT_STATES)
    .describe(
      'refused: a part may not be done, and those after it were not tried. interrupted: one could not be.',
    ),
  edits: z.number().int().describe('Of the import.'),
  written: z.number().int().describe('Edits, the first ones, that are in the configuration.'),
  changed: z.number().int().describe('Objects that were changed by them.'),
  revisions: z.array(z.string()).max(2).describe('The first and the last that it has made.'),
  startedAt: z.iso.datetime(),
  tookMs: z.number(),
  findings: z.array(finding).describe('Warnings of the parts that were written; the first 200.'),
  problem: z.record(z.string(), z.unknown()).optional().describe('Why it went no further.'),
});
export type ImportAnswer = z.infer<typeof importAnswer>;

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  field: z.string().optional(),
  findings: z.array(finding).optional(),
  revision: z.string().optional(),
  ageMs: z.number().optional(),
});

/** What stands once in the OpenAPI document and is referred to; the descriptions above are in the same registry. */
for (const [id, schema] of Object.entries({
  Object: configObject,
  Edit: edit,
  Change: change,
  Finding: finding,
  CheckFinding: checkFinding,
  Problem: problem,
}))
  z.globalRegistry.add(schema, { id });

/** Of every route: whatever it refuses is a problem. */
export const refused = { '4xx': problem, '5xx': problem } as const;
