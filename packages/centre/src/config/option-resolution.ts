/**
 * Which value an option has, and from where (rule DS4): the strongest object that sets it wins, and the source
 * goes with the value wherever it is shown. An option that nobody sets has its default.
 */

import { assert } from '@holdfast/kernel';
import {
  type Application,
  type ObjectOf,
  type OptionDefinition,
  type OptionSections,
  optionName,
  type Person,
  readOption,
  type ValueOf,
} from '@holdfast/protocol';
import { type Configuration, compareText } from './configuration.ts';

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
  const level = levels.find(({ options }) => options[section]?.[name] !== undefined);
  const raw = level?.options[section]?.[name] ?? definition.default;
  if (raw === undefined) return undefined;
  const source = level?.source ?? 'default';
  const reading = readOption(definition, raw, source);
  // A configuration is checked before it is one (CF5), and the defaults by the catalogue's test.
  assert(reading.ok, `${optionName(definition)} of ${source} was not checked`);
  return { value: reading.value, raw, source };
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
  levels.push(levelOf(`Application/${application.name}`, application));
  return levels;
}

/** The enabled Agent Groups of a person, by name. */
export function groupsOf(configuration: Configuration, person: Person): ObjectOf<'AgentGroup'>[] {
  return configuration
    .all('AgentGroup')
    .filter((group) => group.enabled && group.members.includes(person.name))
    .sort((a, b) => compareText(a.name, b.name));
}

/** The site of a server, from its `disaster-recovery.site`. */
export function siteOf(application: Application): string | undefined {
  return application.options['interaction-workspace']?.['disaster-recovery.site']?.trim();
}
