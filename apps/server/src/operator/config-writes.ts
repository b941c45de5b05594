/** The commands of `holdfast config` that change something, or say what would be changed: set, apply, diff, import, restore, check --fix. */
import { editConfiguration, editsTo, fieldSettings, makeConfiguration, splitKey } from '@holdfast/centre';
import type { Edit } from '@holdfast/protocol';
import { nodeHashes } from '../crypto.ts';
import { CannotRun } from '../role.ts';
import { ask } from './ask-credentials.ts';
import { type ConfigArguments, objectKeyOf, onlyWord } from './config-arguments.ts';
import { readWanted } from './config-folder.ts';
import type { Progress } from './config-progress.ts';
import type { Voices } from './config-reads.ts';
import {
  type ConfigSession,
  type Edited,
  type Editing,
  type NotEdited,
  Refused,
  type Seen,
} from './config-session.ts';
import { changeLines, countsInWords, cutLines, findingLines, isRevision } from './config-words.ts';

export interface WritePorts extends Voices {
  readonly session: ConfigSession;
  readonly progress: Progress;
}

/** Exit status; as those below. */
export async function setFields(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const [word, ...words] = asked.rest;
  if (word === undefined || words.length === 0)
    throw new CannotRun('usage: config set KEY FIELD=VALUE…, as Person/kim displayName=Kim');
  const key = objectKeyOf(word);
  const [type, name] = splitKey(key);
  const { revision, object } = await ports.session.find(type, name);
  const settings = fieldSettings(object, words);
  if (!settings.ok) throw new Refused(settings.text);
  const edits = [{ key, patch: settings.patch }];
  return finish(ports, await ports.session.write(editOf(asked, revision, edits), ports.progress));
}

export async function applyFiles(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const path = onlyWord(asked, 'FILE|FOLDER');
  const { seen, edits } = await editsOf(ports, path, asked.isPruning);
  if (edits.length === 0) return nothingToDo(ports);
  return finish(ports, await ports.session.write(editOf(asked, seen.revision, edits), ports.progress));
}

/** 1 when it differs. */
export async function showDifference(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const path = onlyWord(asked, 'FILE|FOLDER');
  const { seen, edits } = await editsOf(ports, path, asked.isPruning);
  if (edits.length === 0) return nothingToDo(ports);
  const request = editOf({ ...asked, isDryRun: true }, seen.revision, edits);
  const reply = await ports.session.write(request, ports.progress);
  if (reply.type === 'Edited') {
    const { changes } = reply.entry;
    for (const line of changeLines(changes)) ports.say(line);
    for (const line of findingLines(reply.findings)) ports.tell(line);
    ports.tell(`${countsInWords(changes)}, compared with revision ${reply.revision}`);
    return changes.length === 0 ? 0 : 1;
  }
  // What would be changed is told all the same, as far as it is seen from here.
  const present = makeConfiguration(seen.objects, nodeHashes.sha256, seen.revision);
  for (const line of changeLines(editConfiguration(present, edits).changes)) ports.say(line);
  return finish(ports, reply);
}

export async function importFolder(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const path = onlyWord(asked, 'FOLDER');
  const { seen, edits } = await editsOf(ports, path, true);
  if (edits.length === 0) return nothingToDo(ports);
  return writeWhenSure(ports, asked, editOf(asked, seen.revision, edits));
}

export async function restoreObjects(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const { rest, isAll, to, isDryRun, note } = asked;
  if (to === undefined || isAll === rest.length > 0)
    throw new CannotRun('usage: config restore KEY…|--all --to REVISION|TIME, as Person/kim --to 3.128');
  const keys = isAll ? {} : { keys: rest.map(objectKeyOf) };
  const request = { type: 'Restore' as const, dryRun: isDryRun, note, to, ...keys };
  if (isAll) return writeWhenSure(ports, asked, request);
  return finish(ports, await ports.session.write(request, ports.progress));
}

export async function fixFindings(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const { rest, note, isDryRun } = asked;
  if (rest.length > 0) throw new CannotRun('usage: config check --fix');
  return writeWhenSure(ports, asked, { type: 'Fix', dryRun: isDryRun, note });
}

async function editsOf(
  { session, progress }: WritePorts,
  path: string,
  prunes: boolean,
): Promise<{ readonly seen: Seen; readonly edits: readonly Edit[] }> {
  const wanted = await readWanted(path);
  const seen = await session.readAll(progress);
  return { seen, edits: editsTo({ present: seen.objects, wanted, prunes }) };
}

function editOf(
  { isDryRun, note }: Pick<ConfigArguments, 'isDryRun' | 'note'>,
  revision: string,
  edits: readonly Edit[],
): Extract<Editing, { type: 'Edit' }> {
  // A Configuration Server that serves files has no revisions, and says itself that it takes no edits.
  const seenAt = isRevision(revision) ? { seenAt: revision } : {};
  return { type: 'Edit', dryRun: isDryRun, note, edits: [...edits], ...seenAt };
}

/** First a dry run is shown; what somebody changes after it in the same fields is a conflict. */
export async function writeWhenSure(
  ports: WritePorts,
  asked: ConfigArguments,
  request: Exclude<Editing, { type: 'Resolve' }>,
): Promise<number> {
  const { session, progress, say, tell } = ports;
  const tried = await session.write({ ...request, dryRun: true }, progress);
  if (asked.isDryRun || tried.type !== 'Edited' || tried.entry.changes.length === 0)
    return finish(ports, tried);
  for (const line of findingLines(tried.findings)) tell(line);
  for (const line of cutLines(changeLines(tried.entry.changes))) say(line);
  if (!asked.isSure) {
    if (!process.stdin.isTTY)
      throw new CannotRun(
        'There is no terminal to ask whether this is meant. Say --yes. Nothing has changed.',
      );
    const answer = await ask(`${countsInWords(tried.entry.changes)}. Write this? (yes) `, true);
    if (answer.trim().toLowerCase() !== 'yes') throw new Refused('Nothing has changed.');
  }
  const written = await session.write({ ...request, seenAt: tried.revision }, progress);
  // What has been shown is not shown again.
  return written.type === 'Edited'
    ? finish({ tell, say: () => {} }, { ...written, findings: [] })
    : finish(ports, written);
}

function nothingToDo({ tell }: Voices): number {
  tell('nothing to do');
  return 0;
}

export function finish({ say, tell }: Voices, reply: Edited | NotEdited): number {
  for (const line of findingLines(reply.findings)) tell(line);
  if (reply.type === 'Edited') {
    const { changes } = reply.entry;
    for (const line of cutLines(changeLines(changes))) say(line);
    const counts = countsInWords(changes);
    if (changes.length === 0) tell(counts);
    else if (reply.isDryRun) tell(`${counts}; a dry run: nothing has changed`);
    else tell(`${counts}: revision ${reply.revision}`);
    return 0;
  }
  tell(`${reply.code}: ${reply.text}`);
  return reply.code === 'not-stored' ? 2 : 1;
}
