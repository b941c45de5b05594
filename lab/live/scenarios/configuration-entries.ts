/** What the scenarios of the configuration share: where it is entered at each site, and what is asked of it there. */
import { DESK_APPLICATION } from '@holdfast/centre';
import { ConfigOperator, type EditAnswer } from '../config-operator.ts';
import { proxyNames } from '../lab-proxies.ts';
import type { LiveLab, SiteName } from '../live-lab.ts';
import { SITES } from '../live-lab.ts';
import { SLACK_MS } from './scenario.ts';

/** Somebody has to have claimed by then. */
export const WRITER_MAX_MS = 10_000;

/** A process that serves the configuration. */
export interface ConfigDoor {
  readonly name: string;
  readonly site: SiteName;
  readonly port: number;
}

export function proxiesOf(lab: LiveLab, site: SiteName): readonly ConfigDoor[] {
  const ports = lab.ports.proxies?.[SITES.indexOf(site)] ?? [];
  return ports.map((port, i) => ({ name: proxyNames(site)[i] ?? '', site, port }));
}

export function serverOf(lab: LiveLab, site: SiteName): ConfigDoor {
  return { name: `config-${site}`, site, port: lab.ports.config[SITES.indexOf(site)] as number };
}

/** As the administrator of the generated world. */
export function administratorAt(lab: LiveLab, { port }: ConfigDoor): Promise<ConfigOperator> {
  const { user, password } = lab.administratorAccess();
  return ConfigOperator.enter({ port, user, password });
}

/** Of an agent, which means nothing to anybody who works. */
export function renaming(user: string, displayName: string) {
  return [{ key: `Person/${user}`, patch: { displayName } }];
}

export function inWords(answer: EditAnswer): string {
  if (answer.type === 'Edited') return `edited under ${answer.revision}`;
  if (answer.type !== 'NotEdited') return `${answer.type}: ${answer.text}`;
  const age = answer.ageMs === undefined ? '' : ` after ${Math.round(answer.ageMs)} ms`;
  return `refused (${answer.code}${age}): ${answer.text}`;
}

/** Of `3.128`, and of what is held on top of it. */
export function epochOf(revision: string): number {
  return Number.parseInt(revision, 10);
}

/** That edit, as soon as somebody writes; the last answer otherwise. */
export async function editedWithin(
  lab: LiveLab,
  ms: number,
  edit: () => Promise<EditAnswer>,
): Promise<EditAnswer> {
  for (const giveUpAt = lab.now() + ms; ; await lab.until(RETRY_MS, () => false)) {
    const answer = await edit();
    if (answer.type === 'Edited' || lab.now() > giveUpAt) return answer;
  }
}

const RETRY_MS = 200;

/** Which revision each of them serves. */
async function revisionsAt(lab: LiveLab, doors: readonly ConfigDoor[]): Promise<ReadonlyMap<string, string>> {
  const revisions = new Map<string, string>();
  for (const door of doors) {
    const operator = await administratorAt(lab, door).catch((error: Error) => error.message);
    if (typeof operator === 'string') {
      revisions.set(door.name, operator);
      continue;
    }
    const read = await operator.read('Application', DESK_APPLICATION);
    operator.close();
    revisions.set(door.name, read?.revision ?? 'does not answer');
  }
  return revisions;
}

/** All of them come to serve the same revision, and that one where it is named. */
export async function allAlike(
  lab: LiveLab,
  name: string,
  doors: readonly ConfigDoor[],
  wanted?: string,
  withinMs = SLACK_MS,
): Promise<void> {
  const giveUpAt = lab.now() + withinMs;
  let served = await revisionsAt(lab, doors);
  const areAlike = () => {
    const different = new Set(served.values());
    return different.size === 1 && (wanted === undefined || different.has(wanted));
  };
  for (; !areAlike() && lab.now() < giveUpAt; await lab.until(RETRY_MS, () => false))
    served = await revisionsAt(lab, doors);
  lab.check(
    name,
    doors.length > 0 && areAlike(),
    [...served].map(([door, revision]) => `${door} ${revision}`).join(', '),
  );
}

/** A Configuration Server keeps edits at its site so long after it has lost its database (CW2). */
export const HELD_AFTER_MAX_MS = 20_000;

/** It is done at this site alone, and that is said; its name is what they serve there. */
export async function heldAtSite(
  lab: LiveLab,
  name: string,
  door: ConfigDoor,
  { user, displayName }: { readonly user: string; readonly displayName: string },
): Promise<boolean> {
  const operator = await administratorAt(lab, door);
  const answer = await editedWithin(lab, HELD_AFTER_MAX_MS, () => operator.edit(renaming(user, displayName)));
  operator.close();
  const isHeld =
    answer.type === 'Edited' &&
    answer.revision.includes('+') &&
    answer.findings.some(({ text }) => text.includes('held at this site'));
  lab.check(name, isHeld, `${door.name}: ${inWords(answer)}`);
  return isHeld;
}

/** It says no, and how old is what is served there. */
export async function refusedWithAge(
  lab: LiveLab,
  name: string,
  doors: readonly ConfigDoor[],
  { user, ageMinMs }: { readonly user: string; readonly ageMinMs: number },
): Promise<void> {
  const said: string[] = [];
  let refused = 0;
  for (const door of doors) {
    const operator = await administratorAt(lab, door);
    const answer = await operator.edit(renaming(user, 'never to be'));
    operator.close();
    said.push(`${door.name}: ${inWords(answer)}`);
    if (answer.type === 'NotEdited' && answer.code === 'not-stored' && (answer.ageMs ?? 0) >= ageMinMs)
      refused += 1;
  }
  lab.check(name, doors.length > 0 && refused === doors.length, said.join('; '));
}
