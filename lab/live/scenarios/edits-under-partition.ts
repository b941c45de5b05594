import type { EditAnswer } from '../config-operator.ts';
import type { LiveLab, SiteName } from '../live-lab.ts';
import { SITES } from '../live-lab.ts';
import { siteLog } from '../site-log.ts';
import {
  administratorAt,
  allAlike,
  type ConfigDoor,
  editedWithin,
  heldAtSite,
  inWords,
  proxiesOf,
  refusedWithAge,
  renaming,
  serverOf,
  WRITER_MAX_MS,
} from './configuration-entries.ts';
import { allWorkAt, callsAreAnswered, home, stayed } from './scenario.ts';

/** A store that says nothing is noticed, and the role of writer is free after three seconds more. */
const CUT_NOTICED_MAX_MS = 10_000;
/** Until everybody has the same again. */
const ALIKE_MAX_MS = 20_000;

/** What somebody was told is done. */
interface Acknowledged {
  readonly agent: string;
  readonly displayName: string;
  readonly at: string;
}

/**
 * The sites no longer hear each other, and the database is at north. North edits on. South serves and lets agents in; an edit there is refused
 * at first with the age of what it serves, so that nobody believes it done, and after a while held at that site alone (CW2). When the sites hear
 * each other again both are alike: all that was acknowledged is there, or is a conflict that shows both sides and is resolved by
 * choice (CW3). Calls go on at both sites throughout, and nobody moves.
 */
export async function editsUnderPartition(lab: LiveLab): Promise<void> {
  const [kim = '', lee = ''] = lab.robots.map(({ name }) => name);
  const doorsOf = (site: SiteName) => [serverOf(lab, site), ...proxiesOf(lab, site)];
  const everywhere = SITES.flatMap(doorsOf);
  const done: Acknowledged[] = [
    await edit(lab, 'edited-at-north-before', proxiesOf(lab, 'north')[0], kim),
    await edit(lab, 'edited-at-south-before', proxiesOf(lab, 'south')[0], lee),
  ].flatMap((one) => one ?? []);
  await allAlike(lab, 'alike-before', everywhere);

  const since = lab.now();
  const linesBefore = siteLog(lab.folder, 'south').length;
  lab.partition('north');
  lab.database.cutOff();
  await southIsCutOff(lab, linesBefore);
  await refusedWithAge(lab, 'south-refuses-with-age', doorsOf('south'), { user: lee, ageMinMs: 1 });
  const atNorth = await edit(lab, 'north-edits-on', proxiesOf(lab, 'north')[1], kim);
  if (atNorth !== undefined) done.push(atNorth);
  done.push(...(await southHolds(lab, lee)));
  await southHolds(lab, kim);
  await allAlike(lab, 'south-is-alike', doorsOf('south'));
  await tellApart(lab, doorsOf('north'), doorsOf('south'), kim);
  await callsAreAnswered(lab, 4);

  lab.database.heal();
  lab.heal('north');
  await allAlike(lab, 'alike-afterwards', everywhere, undefined, ALIKE_MAX_MS);
  await nothingIsLost(lab, everywhere, done);
  const chosen = await resolveFor(lab, kim);
  if (chosen !== undefined) done.push(chosen);
  const again = await edit(lab, 'south-edits-again', proxiesOf(lab, 'south')[1], lee);
  await allAlike(lab, 'alike-in-the-end', everywhere);
  if (again !== undefined) await nothingIsLost(lab, everywhere, [...done, again], 'nothing-lost-in-the-end');
  await callsAreAnswered(lab, 4);
  await allWorkAt(lab, 'all-at-home', home);
  stayed(lab, 'nobody-moved', { robots: lab.robots, since });
}

let edits = 0;
const HELD = 'held at south';

async function southHolds(lab: LiveLab, agent: string): Promise<Acknowledged[]> {
  const [, door = serverOf(lab, 'south')] = proxiesOf(lab, 'south');
  const displayName = `${HELD} for ${agent}`;
  const isHeld = await heldAtSite(lab, `south-holds-edit-of-${agent}`, door, { user: agent, displayName });
  return isHeld ? [{ agent, displayName, at: door.name }] : [];
}

/** What both have edited is listed once, with who it was at each, and what south had is chosen. */
async function resolveFor(lab: LiveLab, agent: string): Promise<Acknowledged | undefined> {
  const operator = await administratorAt(lab, serverOf(lab, 'south'));
  const listed = await operator.ask({ type: 'Conflicts', all: false, limit: 10 });
  const conflicts = listed.type === 'ConflictList' ? listed.conflicts : [];
  const [conflict] = conflicts;
  const isTold =
    conflicts.length === 1 &&
    conflict?.key === `Person/${agent}` &&
    conflict.text.includes(HELD) &&
    conflict.main.author !== undefined &&
    conflict.branch.author !== undefined;
  lab.check('conflict-is-listed', isTold, conflicts.map(({ text }) => text).join('; ') || listed.type);
  const answer = await editedWithin(lab, WRITER_MAX_MS, async () => {
    const id = conflict?.id ?? '';
    return (await operator.ask({ type: 'Resolve', id, choice: 'branch', dryRun: false })) as EditAnswer;
  });
  operator.close();
  lab.check('conflict-is-resolved', answer.type === 'Edited', inWords(answer));
  return answer.type === 'Edited'
    ? { agent, displayName: `${HELD} for ${agent}`, at: 'config-south' }
    : undefined;
}

/** Undefined when it was not done: the check says why. */
async function edit(
  lab: LiveLab,
  name: string,
  door: ConfigDoor | undefined,
  agent: string,
): Promise<Acknowledged | undefined> {
  if (door === undefined) throw new Error('there is no such proxy');
  edits += 1;
  const displayName = `edit ${edits} at ${door.name}`;
  const operator = await administratorAt(lab, door);
  const answer = await editedWithin(lab, WRITER_MAX_MS, () => operator.edit(renaming(agent, displayName)));
  operator.close();
  lab.check(name, answer.type === 'Edited', `${door.name}: ${inWords(answer)}`);
  return answer.type === 'Edited' ? { agent, displayName, at: door.name } : undefined;
}

async function southIsCutOff(lab: LiveLab, linesBefore: number): Promise<void> {
  const said = () =>
    siteLog(lab.folder, 'south')
      .slice(linesBefore)
      .some(
        ({ application, what }) =>
          application === 'config-south' && what.startsWith('the configuration database cannot be reached'),
      );
  await lab.until(CUT_NOTICED_MAX_MS, said);
  lab.check('south-knows-that-it-is-cut-off', said(), said() ? 'config-south says so' : 'it says nothing');
}

/** While they are cut off from each other, each of north has what was edited there, and none of south. */
async function tellApart(
  lab: LiveLab,
  north: readonly ConfigDoor[],
  south: readonly ConfigDoor[],
  agent: string,
): Promise<void> {
  const [first = ''] = await namesAt(lab, north.slice(0, 1), agent);
  const [atNorth, atSouth] = [await namesAt(lab, north, agent), await namesAt(lab, south, agent)];
  const ok = atNorth.every((name) => name === first) && atSouth.every((name) => name !== first);
  lab.check('each-serves-its-own', ok, `north ${atNorth.join(', ')}; south ${atSouth.join(', ')}`);
}

async function namesAt(lab: LiveLab, doors: readonly ConfigDoor[], agent: string): Promise<string[]> {
  const names: string[] = [];
  for (const door of doors) {
    const operator = await administratorAt(lab, door);
    const read = await operator.read('Person', agent);
    operator.close();
    names.push(String((read?.object as { displayName?: string } | undefined)?.displayName));
  }
  return names;
}

/** The last that each agent was named is what everybody serves, and each edit is in the log. */
async function nothingIsLost(
  lab: LiveLab,
  doors: readonly ConfigDoor[],
  done: readonly Acknowledged[],
  name = 'nothing-acknowledged-is-lost',
): Promise<void> {
  const last = new Map(done.map(({ agent, displayName }) => [agent, displayName]));
  const lost: string[] = [];
  for (const [agent, displayName] of last) {
    const names = await namesAt(lab, doors, agent);
    names.forEach((one, i) => {
      if (one !== displayName) lost.push(`${doors[i]?.name} serves "${one}" in place of "${displayName}"`);
    });
  }
  const operator = await administratorAt(lab, serverOf(lab, 'south'));
  for (const { agent, displayName, at } of done) {
    const history = await operator.ask({ type: 'History', key: `Person/${agent}`, limit: 100 });
    const logged = history.type === 'Entries' ? JSON.stringify(history.entries) : history.type;
    if (!logged.includes(`"${displayName}"`)) lost.push(`"${displayName}" of ${at} is not in the log`);
  }
  operator.close();
  lab.check(
    name,
    done.length >= 3 && lost.length === 0,
    lost.join('; ') || `${done.length} edits of both sites`,
  );
}
