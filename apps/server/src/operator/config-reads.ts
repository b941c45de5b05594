/** The commands of `holdfast config` that change nothing there: get, export, history, check. */
import { configurationFiles, splitKey } from '@holdfast/centre';
import { type ConfigObject, type Entry, nameOf, objectKey, revisionText } from '@holdfast/protocol';
import { stringify } from 'yaml';
import { CannotRun } from '../role.ts';
import { type ConfigArguments, objectKeyOf, onlyWord } from './config-arguments.ts';
import { writeWanted } from './config-folder.ts';
import type { Progress } from './config-progress.ts';
import type { ConfigSession } from './config-session.ts';
import { checkLines, entryLines, typeOf } from './config-words.ts';

/** How a command speaks: what it was asked for, and everything else. */
export interface Voices {
  /** To stdout. */
  say(line: string): void;
  /** To stderr. */
  tell(line: string): void;
}

/** Entries of one answer. */
const PAGE_MAX = 500;

/** Exit status; as those below. */
export async function getObjects(
  session: ConfigSession,
  asked: ConfigArguments,
  { say }: Voices,
): Promise<number> {
  const what = onlyWord(asked, 'KEY|TYPE, as Person/kim or Person');
  const type = typeOf(what);
  if (type === undefined) {
    const [objectType, name] = splitKey(objectKeyOf(what));
    const { objects } = await session.read(objectType, name);
    say(asked.format === 'json' ? JSON.stringify(objects[0], null, 2) : yamlOf(objects));
    return 0;
  }
  const { objects } = await session.read(type);
  if (asked.format === 'json') say(JSON.stringify(objects, null, 2));
  else if (asked.format === 'yaml') say(yamlOf(objects));
  else for (const object of objects) say(`${objectKey(object)}${describedShortly(object)}`);
  return 0;
}

/** As a file that can be applied. */
function yamlOf(objects: readonly ConfigObject[]): string {
  return configurationFiles(objects)
    .map(({ data }) => stringify(data, { schema: 'failsafe', lineWidth: 0 }).trimEnd())
    .join('\n');
}

function describedShortly(object: ConfigObject): string {
  const parts = [
    'type' in object ? object.type : undefined,
    object.objectType === 'Person' && object.rank !== 'agent' ? object.rank : undefined,
    'displayName' in object && object.displayName !== nameOf(object) ? object.displayName : undefined,
    object.enabled ? undefined : 'disabled',
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : `  ${parts.join(', ')}`;
}

export async function exportFolder(
  session: ConfigSession,
  asked: ConfigArguments,
  { say }: Voices,
  progress: Progress,
): Promise<number> {
  const folder = onlyWord(asked, 'FOLDER');
  const { revision, objects } = await session.readAll(progress);
  const names = await writeWanted(folder, objects, asked.format ?? 'yaml');
  say(`${objects.length} objects of revision ${revision} in ${folder}: ${names.join(', ')}`);
  say(
    'Secrets are not in them: passwords, digests of phones and the Keys stay where they are, and apply leaves them as they are.',
  );
  return 0;
}

export async function showHistory(
  session: ConfigSession,
  asked: ConfigArguments,
  { say }: Voices,
): Promise<number> {
  const { rest, who, since, until, limit, format } = asked;
  if (rest.length > 1) throw new CannotRun('usage: config history [KEY]');
  const key = rest[0] === undefined ? undefined : objectKeyOf(rest[0]);
  const entries: Entry[] = [];
  let before: string | undefined;
  let more = true;
  while (more && entries.length < limit) {
    const page = await session.ask(
      {
        ...{ type: 'History', key, who, from: since, to: until, before },
        limit: Math.min(PAGE_MAX, limit - entries.length),
      },
      'Entries',
    );
    const last = page.entries.at(-1);
    entries.push(...page.entries);
    more = page.more && last !== undefined;
    before = last && revisionText(last.revision);
  }
  if (format === 'json') say(JSON.stringify(entries, null, 2));
  else if (format === 'yaml') say(stringify(entries));
  else for (const entry of entries) for (const line of entryLines(entry)) say(line);
  if (entries.length === 0 && format === undefined) say('no entry');
  return 0;
}

/** 1 when there is an error among the findings. */
export async function showFindings(
  session: ConfigSession,
  { rest, format }: ConfigArguments,
  { say }: Voices,
): Promise<number> {
  if (rest.length > 0) throw new CannotRun('usage: config check');
  const { revision, findings } = await session.ask({ type: 'Check' }, 'Checked');
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (format !== undefined) {
    say(
      format === 'json' ? JSON.stringify({ revision, findings }, null, 2) : stringify({ revision, findings }),
    );
  } else {
    for (const line of checkLines(findings)) say(line);
    const fixable = findings.filter(({ isFixable }) => isFixable).length;
    const fix = fixable === 0 ? '' : `; ${fixable} can be mended by --fix`;
    say(`revision ${revision}: ${errors} errors, ${findings.length - errors} warnings${fix}`);
  }
  return errors === 0 ? 0 : 1;
}

/** 1 when the log, or an object, is not what was committed. */
export async function showLogStanding(
  session: ConfigSession,
  { rest, format }: ConfigArguments,
  { say, tell }: Voices,
  progress: Progress,
): Promise<number> {
  if (rest.length > 0) throw new CannotRun('usage: config verify');
  const asking = session.ask({ type: 'Verify' }, 'LogSound', 'LogBroken');
  const { ReferenceID: _, type, ...found } = await progress.during('the log is read', asking);
  const isSound = type === 'LogSound';
  if (format === 'json') say(JSON.stringify({ isSound, ...found }, null, 2));
  else if (format === 'yaml') say(stringify({ isSound, ...found }));
  else if ('at' in found) say(`${found.at} is not what was committed. ${found.because}`);
  else
    say(`${found.entries} entries up to revision ${found.revision}, and all objects, are what was committed`);
  if (!isSound)
    tell('Somebody has changed the database by hand, or it is damaged: compare it with a copy of before.');
  return isSound ? 0 : 1;
}
