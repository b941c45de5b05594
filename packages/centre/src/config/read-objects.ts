/**
 * From the content of configuration files to objects. A file is a map of lists:
 *
 *     applications:
 *       - name: sip-north
 *         type: SIPServer
 *         …
 *     dns:
 *       - number: 8000
 *         …
 *
 * Scalars arrive as text, exactly as written, so that the number 0700 keeps its zero and an option keeps its
 * spelling; the few fields that are numbers or booleans are turned here. Every problem of every file is
 * reported, not the first alone.
 */
import { type ConfigObject, configObject, type ObjectType, objectKey } from '@holdfast/protocol';
import { type Problem, shownValue } from './problem.ts';

/** One file, parsed into maps, lists and text. */
export interface ConfigFile {
  readonly file: string;
  readonly data: unknown;
}

export interface ReadObject {
  readonly file: string;
  readonly object: ConfigObject;
}

/** The lists of a file and what stands in them. */
export const FILE_LISTS: Readonly<Record<string, ObjectType>> = {
  tenants: 'Tenant',
  hosts: 'Host',
  applications: 'Application',
  switches: 'Switch',
  dns: 'DN',
  places: 'Place',
  agentLogins: 'AgentLogin',
  persons: 'Person',
  agentGroups: 'AgentGroup',
  keys: 'Keys',
};

/** A site of 20,000 agents has about 100,000 objects; more is not held in memory for a mistake's sake. */
export const OBJECTS_MAX = 500_000;
/** Enough to see what is wrong; the rest is counted. */
export const PROBLEMS_MAX = 200;

/** Fields that hold secrets, and what a person may have typed there by mistake: a password instead of its hash. */
export const SECRETS: ReadonlySet<string> = new Set([
  'passwordHash',
  'digest',
  'privateKey',
  'nonceKeys',
  'serverSecret',
  'serverSecretFormer',
]);

/** Fields (by their last name) that are numbers. Below `options` all is text. */
const NUMBERS = new Set([
  ...['reconnectTimeout', 'timeout', 'remoteTimeout'],
  ...['passwordChangedAt', 'tokensNotBefore', 'signsFrom', 'goodUntil'],
]);

export function readObjects(files: readonly ConfigFile[]): {
  readonly objects: ReadObject[];
  readonly problems: Problem[];
} {
  const objects: ReadObject[] = [];
  const problems: Problem[] = [];
  const firstFile = new Map<string, string>();
  for (const { file, objectType, value } of rawObjects(files, problems)) {
    if (objects.length >= OBJECTS_MAX) {
      problems.push({
        file,
        object: '',
        field: '',
        value: '',
        text: `There are more than ${OBJECTS_MAX} objects. Split the configuration.`,
      });
      break;
    }
    const parsed = configObject.safeParse(withTypes(objectType, value));
    if (!parsed.success) {
      for (const issue of parsed.error.issues) problems.push(schemaProblem(file, objectType, value, issue));
      continue;
    }
    const key = objectKey(parsed.data);
    const former = firstFile.get(key);
    if (former === undefined) {
      firstFile.set(key, file);
      objects.push({ file, object: parsed.data });
    } else {
      const text = `A second object of this name; the first is in ${former}. Rename or remove one.`;
      problems.push({ file, object: key, field: '', value: key, text });
    }
  }
  return { objects, problems };
}

function* rawObjects(
  files: readonly ConfigFile[],
  problems: Problem[],
): Generator<{ file: string; objectType: ObjectType; value: unknown }> {
  for (const { file, data } of files) {
    if (data === null || data === undefined) continue;
    const wrong = (field: string, value: unknown, text: string) =>
      problems.push({ file, object: '', field, value: shownValue(value), text });
    if (typeof data !== 'object' || Array.isArray(data)) {
      wrong('', data, `A configuration file is a map of lists: ${Object.keys(FILE_LISTS).join(', ')}.`);
      continue;
    }
    for (const [list, values] of Object.entries(data)) {
      const objectType = Object.hasOwn(FILE_LISTS, list) ? FILE_LISTS[list] : undefined;
      if (objectType === undefined)
        wrong(list, '', `Unknown list. Known are ${Object.keys(FILE_LISTS).join(', ')}.`);
      else if (!Array.isArray(values)) {
        if (values !== null && values !== '')
          wrong(list, values, 'This must be a list of objects, each starting with "- ".');
      } else for (const value of values) yield { file, objectType, value };
    }
  }
}

/** Text to the numbers and booleans that the schema wants. What cannot be turned stays text and is refused there. */
function withTypes(objectType: ObjectType, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const typed: Record<string, unknown> = { objectType };
  for (const [field, content] of Object.entries(value)) {
    if (field === 'objectType') continue;
    typed[field] = field === 'options' ? content : typedField(field, content);
  }
  return typed;
}

/** `parent`: the field in which it stands. */
export function typedField(field: string, content: unknown, parent = ''): unknown {
  if (typeof content === 'string') {
    if (field === 'enabled') return content === 'true' ? true : content === 'false' ? false : content;
    const isNumber = parent === 'ports' || NUMBERS.has(field);
    return isNumber && /^\d{1,16}(\.\d{1,6})?$/.test(content) ? Number(content) : content;
  }
  if (Array.isArray(content)) return content.map((item) => typedField('', item, field));
  if (typeof content !== 'object' || content === null) return content;
  return Object.fromEntries(
    Object.entries(content).map(([name, inner]) => [name, typedField(name, inner, field)]),
  );
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** In words; what stands in a field for secrets is never shown (CF14). */
export function schemaProblem(file: string, objectType: ObjectType, value: unknown, issue: Issue): Problem {
  let at: unknown = value;
  for (const step of issue.path)
    at = typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined;
  if (issue.code === 'unrecognized_keys') {
    const text = `${issue.message}: no such field. Correct its spelling or remove it.`;
    return {
      file,
      object: `${objectType}/${rawName(value)}`,
      field: issue.path.map(String).join('.'),
      value: '',
      text,
    };
  }
  // CF14.
  const isSecret = issue.path.some((step) => SECRETS.has(String(step)));
  const shown = isSecret ? '(not shown)' : `"${shownValue(at)}"`;
  const text =
    at === undefined
      ? `This field is missing (${issue.message}).`
      : `${shown} is not allowed: ${issue.message}.`;
  return {
    file,
    object: `${objectType}/${rawName(value)}`,
    field: issue.path.map(String).join('.'),
    value: isSecret ? '' : shownValue(at),
    text,
  };
}

/** The name of an object that could not be read, as far as it has one. */
function rawName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '?';
  const { name, number, code, switch: switchName } = value as Record<string, unknown>;
  const own = name ?? number ?? code;
  if (own === undefined) return '?';
  return typeof switchName === 'string' && name === undefined
    ? `${shownValue(own)}@${switchName}`
    : shownValue(own);
}
