/** Fixes of what the checks at loading find (CF15 to CF26): those say it in words, and here it is a change. */
import type { Application, Change, ConfigObject } from '@holdfast/protocol';
import { ADDP_ADVISED_S } from '../check-desktops.ts';
import type { Configuration } from '../configuration.ts';
import { optionSet, type RuleId, replaced } from './finding.ts';

type Fix = (configuration: Configuration, object: ConfigObject, field: string) => Change[] | undefined;

export function fixOf(
  configuration: Configuration,
  rule: RuleId,
  object: ConfigObject,
  field: string,
): Change[] | undefined {
  return FIXES[rule]?.(configuration, object, field);
}

const FIXES: Partial<Record<RuleId, Fix>> = {
  V11: (configuration, object) => {
    if (object.objectType !== 'Application') return undefined;
    const others = configuration
      .all('Application')
      .filter((one) => one.type === 'SIPServer' && one.switch === object.switch && one !== object);
    const [other] = others;
    // More is needed than a link where the two do not share an address (CF23): then somebody has to say what was meant.
    if (other === undefined || others.length > 1 || other.backup !== undefined) return undefined;
    return other.ports.pair === undefined ? undefined : [replaced(other, { ...other, backup: object.name })];
  },
  // A server is at another site by where it runs, and not by an option.
  V13: (configuration, object, field) =>
    field.endsWith('.site') ? undefined : likePrimary(configuration, object, field),
  V14: likePrimary,
  V23: withoutConnection,
  V25: (_, object, field) => {
    if (object.objectType !== 'Application') return undefined;
    const at = Number(field.split('.')[1]);
    const connections = object.connections.map((one, i) => {
      if (i !== at) return one;
      const { min, max } = ADDP_ADVISED_S;
      return { ...one, addp: { ...one.addp, timeout: Math.min(max, Math.max(min, one.addp.timeout)) } };
    });
    return [replaced(object, { ...object, connections })];
  },
  V26: (_, object, field) => {
    if (object.objectType !== 'Application') return undefined;
    if (field !== 'reconnectTimeout') return withoutOption(object, field);
    const { reconnectTimeout: _ignored, ...rest } = object;
    return [replaced(object, rest)];
  },
  V30: (configuration, object, field) => {
    // The Application that the sentence compares it with, as the first Person with both has them.
    if (object.objectType !== 'Application') return undefined;
    const other = otherDesktop(configuration, object);
    const [section = '', name = ''] = splitField(field);
    return other === undefined
      ? undefined
      : [optionSet(object, section, name, other.options[section]?.[name])];
  },
  V57: (configuration, object) => {
    if (object.objectType !== 'Application') return undefined;
    const number = object.options.TServer?.['dr-peer-trunk']?.trim();
    const dn = configuration.get('DN', `${number}@${object.switch}`);
    return dn?.type === 'Trunk' ? [replaced(dn, { ...dn, enabled: true })] : undefined;
  },
  V59: (_, object) => withoutOption(object, 'holdfast/pooled'),
  V62: (_, object, field) => {
    if (object.objectType !== 'DN' || field !== 'digest') return undefined;
    const { digest: _ignored, ...rest } = object;
    return [replaced(object, rest)];
  },
};

/** What the backup says otherwise than its primary. */
function likePrimary(
  configuration: Configuration,
  object: ConfigObject,
  field: string,
): Change[] | undefined {
  if (object.objectType !== 'Application') return undefined;
  const primary = configuration.all('Application').find(({ backup }) => backup === object.name);
  if (primary === undefined || field === 'ports') return undefined;
  if (field === 'switch')
    return primary.switch === undefined
      ? undefined
      : [replaced(object, { ...object, switch: primary.switch })];
  // One Host and one address, in whatever of the two it was set (CF23).
  if (field === 'TServer/sip-port') {
    const address = optionSet(object, 'TServer', 'sip-address', primary.options.TServer?.['sip-address']);
    const after = address.after ?? object;
    return [
      { ...optionSet(after, 'TServer', 'sip-port', primary.options.TServer?.['sip-port']), before: object },
    ];
  }
  const [section, name] = splitField(field);
  return [optionSet(object, section, name, primary.options[section]?.[name])];
}

function otherDesktop(configuration: Configuration, object: Application): Application | undefined {
  for (const person of configuration.all('Person')) {
    const { 'site-1': first, 'site-2': second } = person.options['agent-desktop'] ?? {};
    const names = [first?.trim(), second?.trim()];
    if (!names.includes(object.name)) continue;
    const other = names.find((name) => name !== undefined && name !== object.name);
    const found = other === undefined ? undefined : configuration.get('Application', other);
    if (found?.type === 'ThirdPartyApplication') return found;
  }
  return undefined;
}

function withoutConnection(_: Configuration, object: ConfigObject, field: string): Change[] | undefined {
  if (object.objectType !== 'Application') return undefined;
  const at = Number(field.split('.')[1]);
  return [replaced(object, { ...object, connections: object.connections.filter((_one, i) => i !== at) })];
}

function withoutOption(object: ConfigObject, field: string): Change[] {
  return [optionSet(object, ...splitField(field))];
}

function splitField(field: string): [section: string, name: string] {
  const at = field.indexOf('/');
  return [field.slice(0, at), field.slice(at + 1)];
}
