/** `holdfast config sync`: two Switches brought alike, looked at before, and compared afterwards. */
import { stringify } from 'yaml';
import { CannotRun } from '../role.ts';
import type { ConfigArguments } from './config-arguments.ts';
import type { Voices } from './config-reads.ts';
import type { ConfigSession, Editing } from './config-session.ts';
import { isAlike, pairLines, summaryLines } from './config-sync-words.ts';
import { changeLines, findingLines } from './config-words.ts';
import { finish, type WritePorts, writeWhenSure } from './config-writes.ts';

const USAGE =
  'usage: config sync SWITCH OTHER --master SWITCH [--preview], as north south --master north; config sync [SWITCH OTHER] --drift';

/** Exit status; as below. */
export async function syncSwitches(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const { master, places, ownOptions, isDryRun, note } = asked;
  const switches = twoOf(asked);
  if (switches === undefined || master === undefined) throw new CannotRun(USAGE);
  const request: Editing = {
    ...{ type: 'SyncSwitches', switches, master, dryRun: isDryRun, note },
    ...(places === undefined ? {} : { places }),
    ...(ownOptions === undefined ? {} : { ownOptions }),
  };
  if (!isDryRun) return writeWhenSure(ports, asked, request);
  const { session, progress, say, tell } = ports;
  const reply = await session.write(request, progress);
  if (reply.type === 'NotEdited' || reply.entry.changes.length === 0) return finish(ports, reply);
  const { changes } = reply.entry;
  for (const line of changeLines(changes)) say(line);
  for (const line of findingLines(reply.findings)) tell(line);
  for (const line of summaryLines(changes)) tell(line);
  tell(`a look at revision ${reply.revision}: nothing has changed`);
  return 0;
}

/** 1 when they differ. */
export async function showDrift(
  session: ConfigSession,
  asked: ConfigArguments,
  { say, tell }: Voices,
): Promise<number> {
  const { rest, format, isDryRun } = asked;
  const switches = twoOf(asked);
  if (isDryRun || (switches === undefined && rest.length > 0)) throw new CannotRun(USAGE);
  const compared = await session.ask(
    { type: 'CompareSwitches', ...(switches === undefined ? {} : { switches }) },
    'SwitchesCompared',
  );
  const { revision, pairs, unnamedBecause } = compared;
  const told = { revision, pairs, ...(unnamedBecause === undefined ? {} : { unnamedBecause }) };
  if (format === 'json') say(JSON.stringify(told, null, 2));
  else if (format === 'yaml') say(stringify(told));
  else {
    for (const pair of pairs) for (const line of pairLines(pair)) say(line);
    if (pairs.length === 0) say('No two Switches are kept alike. Name two to compare them all the same.');
    if (unnamedBecause !== undefined) tell(`Who has edited it is not known of all: ${unnamedBecause}`);
  }
  return pairs.every(isAlike) ? 0 : 1;
}

function twoOf({ rest }: ConfigArguments): [string, string] | undefined {
  const [one, other, ...more] = rest;
  return one === undefined || other === undefined || more.length > 0 ? undefined : [one, other];
}
