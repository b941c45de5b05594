import { rmSync } from 'node:fs';
import { siteFolders } from '../lab-configuration.ts';
import type { LiveLab } from '../live-lab.ts';
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
  renaming,
  serverOf,
  WRITER_MAX_MS,
} from './configuration-entries.ts';
import { allWorkAt, callersCome, callsAreAnswered, rest, restMax, SLACK_MS } from './scenario.ts';

const OCCUPANCY_AFTER = 0.2;

/**
 * An evening and the morning after a disaster: everybody goes home, both sites and the database die, and north alone is started, from
 * nothing but what its processes have kept on its disk: its configuration files are gone too. Everybody of both sites comes to work
 * there, and callers are answered (CX1). What was edited last is served, and what is edited is held at this site (CW2).
 */
export async function coldStartAlone(lab: LiveLab): Promise<void> {
  const [agent = ''] = lab.robots.map(({ name }) => name);
  const doors = [serverOf(lab, 'north'), ...proxiesOf(lab, 'north')];
  const operator = await administratorAt(lab, serverOf(lab, 'south'));
  const edited = await editedWithin(lab, WRITER_MAX_MS, () => operator.edit(renaming(agent, 'Kim')));
  operator.close();
  lab.check('edited-before', edited.type === 'Edited', inWords(edited));
  const revision = edited.type === 'Edited' ? edited.revision : '';
  await allAlike(lab, 'everybody-has-it', doors, revision);

  await everybodyGoesHome(lab);
  for (const site of SITES) lab.sites[site].kill();
  await lab.database.kill();
  rmSync(siteFolders(lab.folder, 'north').files, { recursive: true });
  const linesBefore = siteLog(lab.folder, 'north').length;
  await lab.sites.north.start();
  startedFromCopies(lab, linesBefore);
  await allAlike(lab, 'last-edit-is-served', doors, revision);
  await lab.startRobots();
  await allWorkAt(lab, 'all-at-the-living-site', () => 'north');
  callersCome(lab, OCCUPANCY_AFTER);
  await callsAreAnswered(lab, 4);
  const names = await displayName(lab, agent);
  lab.check(
    'shown-as-edited',
    names.every((name) => name === 'Kim'),
    names.join(', '),
  );
  const [, proxy = doors[0] as ConfigDoor] = doors;
  await heldAtSite(lab, 'edits-held-at-the-site', proxy, { user: agent, displayName: 'Kim alone' });
  await allAlike(lab, 'held-edit-is-served', doors, `${revision}+1`);
}

async function everybodyGoesHome(lab: LiveLab): Promise<void> {
  lab.callers.stop();
  const isQuiet = () => lab.calls.line(lab.now()).waiting === 0 && lab.calls.withoutSign === 0;
  await lab.until(SLACK_MS + restMax(lab), isQuiet);
  await rest(lab, lab.robots);
  await lab.endRobots();
}

function startedFromCopies(lab: LiveLab, linesBefore: number): void {
  const served = siteLog(lab.folder, 'north')
    .slice(linesBefore)
    .filter(({ what }) => what === 'the copy of the configuration is served')
    .map(({ application }) => application);
  const wanted = ['supervisor-north', 'config-north', 'proxy-north', 'proxy-north-b'];
  const missing = wanted.filter((name) => !served.includes(name));
  lab.check(
    'started-from-copies',
    missing.length === 0,
    missing.length === 0 ? wanted.join(', ') : `not ${missing.join(', ')}`,
  );
}

async function displayName(lab: LiveLab, agent: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const door of proxiesOf(lab, 'north')) {
    const operator = await administratorAt(lab, door);
    const read = await operator.read('Person', agent);
    operator.close();
    names.push(String((read?.object as { displayName?: string } | undefined)?.displayName));
  }
  return names;
}
