/**
 * V79 and V80: what each agent's desk would be told at log-in (DS22), by the same code that tells it. Whoever is concerned
 * by another finding is left out: that has said more, and what follows from it would be said ten thousand times.
 */
import { type Application, type ConfigObject, objectKey, type Person } from '@holdfast/protocol';
import { splitReference } from '../configuration.ts';
import { type DeskAnswer, deskConfiguration } from '../desk-configuration.ts';
import { groupsOf } from '../option-resolution.ts';
import { worksElsewhere } from './check-names.ts';
import type { Find } from './finding.ts';
import type { World } from './world.ts';

export function checkLogIns(world: World, concerned: ReadonlySet<string>, find: Find): void {
  const told = new Map<string, number>();
  for (const person of world.agents) {
    const desktops = desktopsOf(world, person);
    if (desktops.length === 0 || isConcerned(world, person, desktops, concerned)) continue;
    for (const { rule, text, field } of remarksOn(world, person, desktops)) {
      // One cause in a server concerns all of its agents: one of them stands for them.
      const cause = `${rule} ${withoutNames(text, person)}`;
      const count = told.get(cause) ?? 0;
      told.set(cause, count + 1);
      if (count > 0) continue;
      const remedy = 'Mend what is named; others may be concerned by the same.';
      find(rule, { object: person, field, reason: text, remedy });
    }
  }
}

function withoutNames(text: string, { name, defaultPlace = '' }: Person): string {
  return text.replaceAll(`"${name}"`, '').replaceAll(`"${defaultPlace}"`, '');
}

/** The first of several that gives an answer: which one the person starts nobody here knows. */
function desktopsOf(world: World, person: Person): readonly Application[] {
  const first = world.application(person.options['agent-desktop']?.['site-1']?.trim());
  if (worksElsewhere(person)) return first?.type === 'ThirdPartyApplication' ? [first] : [];
  return world.primaries('Workspace');
}

interface Remark {
  readonly rule: 'V79' | 'V80';
  readonly text: string;
  readonly field: string;
}

function remarksOn(world: World, person: Person, desktops: readonly Application[]): Remark[] {
  let least: Remark[] | undefined;
  const places = placesOf(world, person);
  for (const application of desktops) {
    const answer = deskConfiguration(world.configuration, { person, application, places });
    const remarks = remarksOf(person, answer);
    if (remarks.length === 0) return [];
    if (least === undefined || remarks.length < least.length) least = remarks;
  }
  return least ?? [];
}

/** What local data would name where each Extension has a Place of its own (S3); else the default counts. */
function placesOf(world: World, person: Person): string[] {
  const place = world.configuration.get('Place', person.defaultPlace ?? '');
  if (place === undefined || !world.isPlacePerDN) return [];
  const others = place.dns.flatMap((reference) => {
    const { number, switch: name } = splitReference(reference);
    return world.placeOf(`${number}@${world.twinOf(name)}`)?.name ?? [];
  });
  return [place.name, ...others];
}

function remarksOf(person: Person, answer: DeskAnswer): Remark[] {
  // Who has no default Place names one at log-in (V78).
  if (!answer.ok)
    return person.defaultPlace === undefined ? [] : [{ rule: 'V79', text: answer.text, field: '' }];
  return answer.configuration.warnings
    .filter(({ kind }) => kind === 'oneSite' || kind === 'sites')
    .map(({ text }): Remark => ({ rule: 'V80', text, field: '' }));
}

function isConcerned(
  { configuration }: World,
  person: Person,
  desktops: readonly Application[],
  concerned: ReadonlySet<string>,
): boolean {
  if (concerned.size === 0) return false;
  const isNamed = (object: ConfigObject | undefined) =>
    object !== undefined && concerned.has(objectKey(object));
  const place = configuration.get('Place', person.defaultPlace ?? '');
  const second = configuration.get('Application', person.options['agent-desktop']?.['site-2']?.trim() ?? '');
  const applications = [...desktops, ...(second === undefined ? [] : [second])];
  return (
    [person, place, ...applications].some(isNamed) ||
    person.agentLogins.some((login) => concerned.has(`AgentLogin/${login}`)) ||
    (place?.dns ?? []).some((dn) => concerned.has(`DN/${dn}`)) ||
    applications.some(({ connections }) =>
      connections.some(({ server }) => concerned.has(`Application/${server}`)),
    ) ||
    groupsOf(configuration, person).some(isNamed)
  );
}
