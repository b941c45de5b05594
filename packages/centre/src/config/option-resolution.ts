/**
 * Which value an option has, and from where (rule DS4): the strongest object that sets it wins, and the source
 * goes with the value wherever it is shown. An option that nobody sets, or to no value that is allowed (CF20), has its
 * default.
 */

import { assert } from '@holdfast/kernel';
import {
  type AgentGroup,
  type Application,
  type OptionDefinition,
  type OptionSections,
  optionName,
  type Person,
  readOption,
  type ValueOf,
} from '@holdfast/protocol';
import type { Configuration } from './configuration.ts';

export interface OptionLevel {
  /** Key of the object. */
  readonly source: string;
  readonly options: OptionSections;
}

export interface ResolvedOption<Value> {
  readonly value: Value;
  /** As it is configured. */
  readonly raw: string;
  /** `Person/kim`, or `default`. */
  readonly source: string;
}

/** `levels` are ordered, the strongest first. Undefined when nobody sets it and there is no default. */
export function resolveOption<Definition extends OptionDefinition>(
  definition: Definition,
  levels: readonly OptionLevel[],
): ResolvedOption<ValueOf<Definition['kind']>> | undefined {
  const { section, name } = definition;
  for (const { source, options } of levels) {
    const raw = options[section]?.[name];
    const reading = raw === undefined ? undefined : readOption(definition, raw, source);
    // CF20: what is not allowed counts as not set, and whoever it concerns is told; on servers there is none (CF5).
    if (raw !== undefined && reading?.ok) return { value: reading.value, raw, source };
  }
  if (definition.default === undefined) return undefined;
  const reading = readOption(definition, definition.default, 'default');
  assert(reading.ok, `the default of ${optionName(definition)} is checked by the catalogue's test`);
  return { value: reading.value, raw: definition.default, source: 'default' };
}

/** For options with a default. */
export function optionValue<Definition extends OptionDefinition>(
  definition: Definition,
  levels: readonly OptionLevel[],
): ValueOf<Definition['kind']> {
  const resolved = resolveOption(definition, levels);
  assert(resolved !== undefined, `${optionName(definition)} has no default`);
  return resolved.value;
}

export function levelOf(key: string, object: { readonly options: OptionSections }): OptionLevel {
  return { source: key, options: object.options };
}

/** Person over Agent Group (of several, the last by name) over Tenant over Application (DS4). */
export function deskLevels(
  configuration: Configuration,
  person: Person,
  application: Application,
): OptionLevel[] {
  const levels = [levelOf(`Person/${person.name}`, person)];
  for (const group of groupsOf(configuration, person).reverse())
    levels.push(levelOf(`AgentGroup/${group.name}`, group));
  const tenant = configuration.get('Tenant', person.tenant);
  if (tenant !== undefined) levels.push(levelOf(`Tenant/${tenant.name}`, tenant));
  // DS1: an option of this section on an Application of the other family is read by nobody.
  if (application.type === 'Workspace') levels.push(levelOf(`Application/${application.name}`, application));
  return levels;
}

/** The enabled Agent Groups of a person, by name. */
export function groupsOf(configuration: Configuration, person: Person): AgentGroup[] {
  const all = configuration.all('AgentGroup');
  const groups = GROUPS.get(all) ?? groupsByMember(all);
  GROUPS.set(all, groups);
  return [...(groups.get(person.name) ?? [])];
}

type GroupsByMember = ReadonlyMap<string, readonly AgentGroup[]>;

/** The list of a revision never changes and later ones share it: a log-in must not go through all members of all groups. */
const GROUPS = new WeakMap<readonly AgentGroup[], GroupsByMember>();

function groupsByMember(all: readonly AgentGroup[]): GroupsByMember {
  const found = new Map<string, AgentGroup[]>();
  for (const group of all) {
    if (!group.enabled) continue;
    for (const member of new Set(group.members)) {
      const groups = found.get(member);
      if (groups === undefined) found.set(member, [group]);
      else groups.push(group);
    }
  }
  return found;
}

/** The site of a server, from its `disaster-recovery.site`. */
export function siteOf(application: Application): string | undefined {
  return application.options['interaction-workspace']?.['disaster-recovery.site']?.trim();
}
