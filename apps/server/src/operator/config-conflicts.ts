/** `holdfast config conflicts` and `resolve`: what the edits of a site that was cut off and those of the others have left open (CW3). */
import { fieldSettings } from '@holdfast/centre';
import { CONFLICTS_MAX, type ShownConflict } from '@holdfast/protocol';
import { stringify } from 'yaml';
import { CannotRun } from '../role.ts';
import type { ConfigArguments } from './config-arguments.ts';
import type { Voices } from './config-reads.ts';
import { type ConfigSession, Refused, type Writing } from './config-session.ts';
import { conflictLines } from './config-words.ts';
import { finish, type WritePorts } from './config-writes.ts';

const USAGE = 'usage: config resolve ID main|branch|VALUE, with an ID of config conflicts';

/** Exit status; as below. */
export async function showConflicts(
  session: ConfigSession,
  { rest, isAll, limit, format }: ConfigArguments,
  { say }: Voices,
): Promise<number> {
  if (rest.length > 0) throw new CannotRun('usage: config conflicts');
  const asked = { type: 'Conflicts' as const, all: isAll, limit: Math.min(limit, CONFLICTS_MAX) };
  const { conflicts, more } = await session.ask(asked, 'ConflictList');
  if (format === 'json') say(JSON.stringify(conflicts, null, 2));
  else if (format === 'yaml') say(stringify(conflicts));
  else {
    for (const conflict of conflicts) for (const line of conflictLines(conflict)) say(line);
    if (conflicts.length === 0) say(isAll ? 'no conflict' : 'no open conflict');
    if (more) say('(there are more: --limit)');
  }
  return 0;
}

export async function resolveConflict(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const { rest, isDryRun, note } = asked;
  const [id, word, ...others] = rest;
  if (id === undefined || word === undefined || others.length > 0) throw new CannotRun(USAGE);
  const choice = await choiceOf(ports.session, id, word);
  const request = { type: 'Resolve' as const, id, choice, dryRun: isDryRun, note };
  return finish(ports, await ports.session.write(request, ports.progress));
}

async function choiceOf(
  session: ConfigSession,
  id: string,
  word: string,
): Promise<Extract<Writing, { type: 'Resolve' }>['choice']> {
  if (word === 'main' || word === 'branch') return word;
  const asked = { type: 'Conflicts' as const, all: true, id, limit: 1 };
  const [conflict] = (await session.ask(asked, 'ConflictList')).conflicts;
  if (conflict === undefined) throw new Refused('There is no such conflict. List them first.', 'not-found');
  return { value: wantedValue(conflict, word.replace(/^=/, '')) };
}

/** As `config set` understands it for that field; nothing takes it away. */
function wantedValue({ field }: ShownConflict, text: string): unknown {
  if (text === '') return null;
  if (field === '') return objectOf(text);
  const settings = fieldSettings(undefined, [`${field}=${text}`]);
  if (!settings.ok) throw new Refused(settings.text);
  // RFC 6901 §3, as differences name them.
  const path = field.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const value = path.reduce<unknown>((inner, part) => (inner as Fields | undefined)?.[part], settings.patch);
  if (value === undefined) throw new Refused(`"${field}" cannot be said in a line. Edit the object instead.`);
  return value;
}

type Fields = Readonly<Record<string, unknown>>;

function objectOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // It was typed by hand.
    throw new Refused(
      `The whole object is at stake: say main, branch, or it as JSON. ${(error as Error).message}`,
    );
  }
}
