/**
 * What an object refers to exists (rule CF3), and stands in the relation that the reference means: a backup is a
 * server of the same type, a place holds extensions, a queue's overflow is a DN of the same switch.
 */
import { type Application, type ConfigObject, objectKey } from '@holdfast/protocol';
import { type Configuration, splitReference } from './configuration.ts';
import type { Problem } from './problem.ts';
import { DN_OPTIONS, referencesOf } from './references.ts';
import type { RuleId } from './validate/finding.ts';

/** `rule` is that of the validator, where it has one of its own for what is said. */
export type Report = (
  object: ConfigObject,
  field: string,
  value: string,
  text: string,
  rule?: RuleId,
) => void;

/** Types of which clients connect to: they run on a Host and listen on a port. */
export const LISTENING_TYPES: readonly Application['type'][] = [
  'ConfigurationServer',
  'ConfigurationServerProxy',
  'SIPServer',
  'StatServer',
];

export function checkReferences(configuration: Configuration, report: Report): void {
  for (const object of configuration.objects) {
    for (const { field, value, type, name } of referencesOf(object)) {
      // DNs and Agent Logins are looked at together with what they have to be, below.
      if (type === 'DN' || type === 'AgentLogin' || configuration.get(type, name) !== undefined) continue;
      const remedy = type === 'Person' ? 'remove the member' : 'correct the name';
      report(object, field, value, `There is no ${type} "${value}". Create it or ${remedy}.`);
    }
    switch (object.objectType) {
      case 'Application':
        checkApplication(configuration, object, report);
        break;
      case 'AgentGroup':
        for (const [i, dn] of object.originationDNs.entries()) {
          const queue = configuration.get('DN', dn);
          if (queue?.type !== 'ACDQueue' && queue?.type !== 'RoutingPoint')
            report(
              object,
              `originationDNs.${i}`,
              dn,
              `"${dn}" is no ACDQueue or RoutingPoint. Name one as number@switch.`,
            );
        }
        break;
      case 'DN':
        for (const option of DN_OPTIONS) checkOtherDN(configuration, object, option, report);
        break;
      default:
        break;
    }
  }
}

function checkApplication(configuration: Configuration, application: Application, report: Report): void {
  const { backup } = application;
  if (backup !== undefined) {
    const other = configuration.get('Application', backup);
    if (other !== undefined && (other.name === application.name || other.type !== application.type))
      report(
        application,
        'backup',
        backup,
        `The backup must be another Application of type ${application.type}.`,
        'V10',
      );
  }
  for (const [i, { server, port }] of application.connections.entries()) {
    const field = `connections.${i}.server`;
    const other = configuration.get('Application', server);
    if (other === undefined) continue;
    if (other.type !== 'ApplicationCluster' && !LISTENING_TYPES.includes(other.type))
      report(
        application,
        field,
        server,
        `"${server}" is a ${other.type} and takes no connections. Name a server.`,
      );
    else if (LISTENING_TYPES.includes(other.type) && other.ports[port] === undefined)
      report(
        application,
        `connections.${i}.port`,
        port,
        `"${server}" has no port "${port}". It has ${Object.keys(other.ports).join(', ') || 'none'}.`,
      );
  }
}

/** `overflow-dn` and `route-to` name a DN of the same switch to which a caller can be sent. */
function checkOtherDN(
  configuration: Configuration,
  dn: Extract<ConfigObject, { objectType: 'DN' }>,
  option: (typeof DN_OPTIONS)[number],
  report: Report,
): void {
  const number = dn.options.holdfast?.[option];
  if (number === undefined) return;
  const target = configuration.get('DN', `${number}@${dn.switch}`);
  if (target === undefined || target.type === 'Trunk')
    report(
      dn,
      `holdfast/${option}`,
      number,
      `There is no DN "${number}" in Switch "${dn.switch}" to send callers to.`,
    );
}

/** Rule CF4: a DN in at most one Place, and only DNs at which somebody can sit. */
export function checkPlaces(configuration: Configuration, report: Report): void {
  const placeOf = new Map<string, string>();
  for (const place of configuration.all('Place')) {
    for (const [i, reference] of place.dns.entries()) {
      const field = `dns.${i}`;
      const dn = configuration.get('DN', reference);
      if (dn === undefined) {
        report(
          place,
          field,
          reference,
          `There is no DN "${reference}". Create it or correct the name (number@switch).`,
        );
        continue;
      }
      if (dn.type !== 'Extension' && dn.type !== 'CallProcessingPort')
        report(
          place,
          field,
          reference,
          `A DN of type ${dn.type} cannot be in a Place. Remove it; only an Extension is a seat's phone.`,
        );
      const former = placeOf.get(reference);
      if (former === undefined) placeOf.set(reference, place.name);
      else
        report(
          place,
          field,
          reference,
          `This DN is already in Place "${former}". A DN is in at most one Place: remove it from one.`,
        );
    }
  }
}

/** A person has one Agent Login at a switch, and an Agent Login belongs to one person. */
export function checkAgentLogins(configuration: Configuration, report: Report): void {
  const personOf = new Map<string, string>();
  for (const person of configuration.all('Person')) {
    const switches = new Set<string>();
    for (const [i, reference] of person.agentLogins.entries()) {
      const field = `agentLogins.${i}`;
      if (configuration.get('AgentLogin', reference) === undefined)
        report(
          person,
          field,
          reference,
          `There is no AgentLogin "${reference}". Create it or correct the name (code@switch).`,
        );
      const former = personOf.get(reference);
      if (former === undefined) personOf.set(reference, person.name);
      else
        report(
          person,
          field,
          reference,
          `This AgentLogin already belongs to Person "${former}". Give each person an own one.`,
        );
      const switchName = splitReference(reference).switch;
      if (switches.has(switchName))
        report(person, field, reference, `This is a second AgentLogin at Switch "${switchName}". Leave one.`);
      switches.add(switchName);
    }
  }
}

/** A list of problems that knows in which file each object was read. */
export function reporter(fileOf: ReadonlyMap<string, string>, problems: Problem[]): Report {
  return (object, field, value, text) => {
    const key = objectKey(object);
    problems.push({ file: fileOf.get(key) ?? '', object: key, field, value, text });
  };
}
