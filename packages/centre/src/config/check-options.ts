/**
 * Every option of every object against the catalogue: is it acted on, may it stand there, is its value allowed.
 * Nothing is silent (rules CF5, CF6 and CF20): what is not allowed in an option of servers is refused, what is not allowed
 * where a person or a desktop reads it counts as not set, and what nobody acts on is named.
 */
import {
  allowedValues,
  type ConfigObject,
  findOption,
  OPTION_LIST,
  type OptionDefinition,
  type OptionPlace,
  objectKey,
  optionName,
  readOption,
} from '@holdfast/protocol';
import { type Problem, shownValue } from './problem.ts';
import type { ReadObject } from './read-objects.ts';

/** The section whose options are all ours: an unknown one in it can only be a mistake. */
const OUR_SECTION = 'holdfast';
/** Up to so many wrong letters a name is taken for a misspelt one. */
const MISSPELT_MAX = 3;

/**
 * Where desks read: what may stand on one of these is an option of theirs, wherever it stands (a Tenant, a server).
 */
const OF_DESKS: readonly OptionPlace[] = [
  'Person',
  'AgentGroup',
  'Place',
  'Application:Workspace',
  'Application:ThirdPartyApplication',
];
const OF_PEOPLE: readonly OptionPlace[] = [...OF_DESKS, 'AgentLogin'];

export interface OptionFindings {
  /** For which the configuration is refused (CF5). */
  readonly problems: readonly Problem[];
  /** What counts as not set (CF20). */
  readonly unusable: readonly Problem[];
  /** On which nobody acts (CF6). */
  readonly warnings: readonly Problem[];
}

export function checkOptions({ file, object }: ReadObject): OptionFindings {
  const found = { problems: [] as Problem[], unusable: [] as Problem[], warnings: [] as Problem[] };
  for (const finding of findingsOf(object)) {
    const { field, value } = finding;
    found[finding.weight].push({ file, object: objectKey(object), field, value, text: textOf(finding) });
  }
  return found;
}

/** CF20, DS22: what of this object counts as not set, for whom it concerns. */
export function unusableOptions(object: ConfigObject): string[] {
  return findingsOf(object)
    .filter(({ weight }) => weight === 'unusable')
    .map((finding) => `${objectKey(object)}: ${finding.field}: ${textOf(finding)}`);
}

interface Finding {
  readonly weight: keyof OptionFindings;
  readonly field: string;
  readonly value: string;
  readonly place: OptionPlace | undefined;
  readonly what: 'unknown' | 'misplaced' | 'notAllowed' | 'idle';
  readonly definition: OptionDefinition | undefined;
}

/** Without their texts: a desk's log-in looks for the unusable ones alone, and a guess at a name takes time. */
function findingsOf(object: ConfigObject): Finding[] {
  const place = optionPlace(object);
  const findings: Finding[] = [];
  for (const [section, options] of Object.entries(object.options))
    for (const [name, value] of Object.entries(options)) {
      const definition = findOption(section, name);
      const what = verdictOn(definition, value, place);
      if (what === 'sound') continue;
      const isGrave = what === 'unknown' ? section === OUR_SECTION : what !== 'idle';
      const weight = isGrave ? graveWeight(definition, place) : 'warnings';
      findings.push({ weight, field: `${section}/${name}`, value, place, what, definition });
    }
  return findings;
}

/**
 * CF20: a mistake in what desks read, or on an object of people, costs agents an option. Refusing it would keep whole
 * sites from starting.
 */
function graveWeight(
  definition: OptionDefinition | undefined,
  place: OptionPlace | undefined,
): 'unusable' | 'problems' {
  const isOfDesks = definition?.setOn.some((one) => isIn(OF_DESKS, one)) === true;
  return isOfDesks || isIn(OF_PEOPLE, place) ? 'unusable' : 'problems';
}

function verdictOn(
  definition: OptionDefinition | undefined,
  value: string,
  place: OptionPlace | undefined,
): Finding['what'] | 'sound' {
  if (definition === undefined) return 'unknown';
  const isRead = isIn(definition.setOn, place);
  if (!isRead && !isIn(definition.knownOn, place)) return 'misplaced';
  if (!readOption(definition, value, '').ok) return 'notAllowed';
  return definition.actsOn === null || !isRead ? 'idle' : 'sound';
}

function textOf({ what, weight, definition, field, value, place }: Finding): string {
  if (definition === undefined) return unknownText(field, value);
  if (what === 'misplaced') return misplacedText(definition, value, place);
  if (what === 'idle') return idleText(definition, value);
  const text = refusedText(definition, value);
  return weight === 'unusable' ? `${text} Until then it counts as not set.` : text;
}

function isIn(places: readonly OptionPlace[] | undefined, place: OptionPlace | undefined): boolean {
  return places?.some((one) => one === place) === true;
}

function unknownText(field: string, value: string): string {
  const guess = nearestOption(field);
  const hint = guess === undefined ? '' : ` Did you mean ${guess}?`;
  return `There is no such option, so "${shownValue(value)}" has no effect.${hint} Correct the name or remove it.`;
}

/** DS1: a desktop of one family never reads the options of the other. */
const OTHER_FAMILY: Readonly<Record<string, string>> = {
  'interaction-workspace Application:ThirdPartyApplication':
    'A ThirdPartyApplication follows the section agent-desktop. ',
  'agent-desktop Application:Workspace': 'A Workspace follows the section interaction-workspace. ',
};

function misplacedText(definition: OptionDefinition, value: string, place: OptionPlace | undefined): string {
  const family = OTHER_FAMILY[`${definition.section} ${place}`] ?? '';
  const places = definition.setOn.join(', ');
  return `Nobody reads this option here, so "${shownValue(value)}" would have no effect. ${family}It may stand on ${places}. Move it there or remove it.`;
}

function refusedText(definition: OptionDefinition, value: string): string {
  const fallback =
    definition.default === undefined ? 'leave it unset' : `remove it for the default ${definition.default}`;
  return `"${shownValue(value)}" is not allowed: must be ${allowedValues(definition.kind)}. Correct it or ${fallback}.`;
}

function idleText(definition: OptionDefinition, value: string): string {
  return `This release does not act on this option here, so "${shownValue(value)}" has no effect. It may stay for a later release, or be removed. It means: ${definition.meaning}`;
}

/** What kind of place for options the object is; undefined where no option is acted on. */
export function optionPlace(object: ConfigObject): OptionPlace | undefined {
  switch (object.objectType) {
    case 'Application':
      return `Application:${object.type}`;
    case 'DN':
      return `DN:${object.type}`;
    case 'Tenant':
    case 'AgentGroup':
    case 'Person':
    case 'Place':
    case 'AgentLogin':
    case 'Switch':
      return object.objectType;
    default:
      return undefined;
  }
}

function nearestOption(field: string): string | undefined {
  let best: OptionDefinition | undefined;
  let least = MISSPELT_MAX + 1;
  for (const definition of OPTION_LIST) {
    const distance = editDistance(field, optionName(definition));
    if (distance < least) [best, least] = [definition, distance];
  }
  return best === undefined ? undefined : optionName(best);
}

/** Levenshtein's distance. Both texts are at most 200 characters (schema). */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MISSPELT_MAX) return MISSPELT_MAX + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
