/**
 * Writes docs/configuration.md: the objects and their fields, which options may stand on which of them, who may do what, and the rules of the
 * validator, so that the document says what the code does. A test holds the file against schemas, catalogue and registry; after a
 * change of one of these run
 *
 *     npx tsx scripts/make-configuration-docs.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PERMISSIONS, RULES, type Rule } from '../packages/centre/src/index.ts';
import {
  type ObjectType,
  OPTION_LIST,
  type OptionPlace,
  type Person,
} from '../packages/protocol/src/index.ts';

const file = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

interface ObjectDescription {
  readonly is: string;
  readonly fields: Readonly<Record<string, string>>;
}

const NAME = 'its name';
const TENANT = 'the Tenant that it belongs to';

/** In the order in which one configuration is built. `enabled` and `options` are of every object, and not named here. */
export const OBJECTS: Readonly<Record<ObjectType, ObjectDescription>> = {
  Tenant: { is: 'whose contact centre it is', fields: { name: NAME } },
  Host: {
    is: 'a machine on which servers run',
    fields: { name: NAME, address: 'an IP address or a host name, by which clients reach the servers on it' },
  },
  Switch: {
    is: 'the telephony of one site: it holds DNs and Agent Logins',
    fields: { name: NAME, tenant: TENANT },
  },
  Application: {
    is: 'a server, a desktop, or a cluster that stands for several servers',
    fields: {
      name: NAME,
      type: 'what kind of program it is',
      tenant: TENANT,
      host: 'of a server: where it runs',
      ports: 'of a server: TCP ports by id; `default` is for clients',
      backup: 'of the primary of a pair: the other member',
      switch: 'of a SIP Server: the Switch that it controls',
      connections: 'the servers that it uses, each with `server`, `port` and `addp`',
      reconnectTimeout: 'of the primary of a pair: the pause, in seconds, after both members have failed',
    },
  },
  DN: {
    is: 'a number: a phone, a queue, a Routing Point, a port of call processing, or a trunk',
    fields: {
      number: 'what is dialled, unique in its Switch',
      switch: 'the Switch',
      type: 'Extension, ACDQueue, RoutingPoint, CallProcessingPort or Trunk',
      displayName: 'for people',
      digest: 'of an Extension: `realm`, `md5` and `sha256` of what its phone registers with; never shown',
    },
  },
  Place: {
    is: 'where somebody sits',
    fields: { name: NAME, tenant: TENANT, dns: 'the DNs of its phone, as `number@switch`' },
  },
  AgentLogin: {
    is: 'the code by which an agent is known at a Switch',
    fields: { code: 'unique in its Switch', switch: 'the Switch' },
  },
  Person: {
    is: 'who works here',
    fields: {
      name: 'what the person types to log in',
      displayName: 'for people',
      tenant: TENANT,
      rank: 'agent, supervisor, administrator or auditor',
      passwordHash: 'argon2id; never shown',
      passwordChangedAt:
        'when that was set, ms since 1970; 0: by somebody else, and it is good for setting another',
      tokensNotBefore: 'log-in tokens made before this are refused, ms since 1970',
      agentLogins: 'as `code@switch`, one for each Switch',
      defaultPlace: 'where the person sits unless another place is named at log-in',
    },
  },
  AgentGroup: {
    is: 'agents who serve the same queues, or share a site',
    fields: {
      name: NAME,
      tenant: TENANT,
      members: 'names of Persons',
      originationDNs: 'the queues and Routing Points from which they get calls, as `number@switch`',
    },
  },
  Keys: {
    is: 'what the servers of both sites share, and nobody else may see; one for all',
    fields: {
      name: NAME,
      tokenKeys: 'sign and verify log-in tokens',
      nonceKeys: 'make the nonces of digest authentication',
      serverSecret: 'what servers show each other that they hold',
      serverSecretFormer: 'the one before, while it is being changed',
    },
  },
};

const RANKS: Readonly<Record<Person['rank'], string>> = {
  agent: 'takes calls',
  auditor: 'looks into everything and changes nothing; takes no calls',
  supervisor: 'leads the groups in which the supervisor is; may take calls',
  administrator: 'keeps the configuration of the own tenant; may take calls',
};

const ABOUT: Readonly<Record<Rule['about'], string>> = {
  servers: 'Servers, pairs and clusters',
  desktops: 'Desktops and their connections',
  agents: 'Agents and their sites',
  seats: 'Places and their DNs',
  times: 'Times',
  capacity: 'Capacity',
  calls: 'Calls, trunks and numbers',
  secrets: 'Secrets and certificates',
  options: 'Options',
  objects: 'References',
  outside: 'Beside the configuration',
};

const HEADING = `# Configuration

Made from the schemas, the option catalogue and the rules of the validator by \`npx tsx scripts/make-configuration-docs.ts\`; do not edit.

## Objects

Everything is an object of one of these types. An object is named by its \`name\`, and what stands under a Switch by \`number@switch\`; people, logs and
findings say \`Person/kim\`. Every object can be disabled (\`enabled: false\`): it stays, and is refused wherever it would be used. What an object may say
beside its fields are \`options\`, in sections ([options.md](options.md)).
`;

const RANKS_HEADING = `## Who may do what

The \`rank\` of a Person says it. What no permission below gives, nobody may: nobody changes the history, and nobody is shown a secret. What belongs to no tenant, as Hosts, is of
every tenant. A refusal names the permission that is missing and who has it.
`;

const RULES_HEADING = `## The validator

These rules hold in a configuration with which a move succeeds, over both sites. Each finding names the rule, the object, the field or option, the reason and
the remedy; where nobody has to choose it has the changes that make it go away. An **error** contradicts itself or refuses somebody today, and an edit that brings
one is refused; a **warning** is silent until a site is lost. *Source* is a document ([sources.md](sources.md)), a field case
([field-cases.md](field-cases.md)) or a rule of ours (in the SPEC.md of its package).
`;

export function configurationDocument(): string {
  const objects = Object.entries(OBJECTS).map(([type, one]) => objectText(type as ObjectType, one));
  const abouts = Object.entries(ABOUT).map(([about, title]) =>
    rulesText(
      title,
      RULES.filter((rule) => rule.about === about),
    ),
  );
  return [HEADING, ...objects, RANKS_HEADING, ranksText(), RULES_HEADING, ...abouts].join('\n');
}

function objectText(type: ObjectType, { is, fields }: ObjectDescription): string {
  const rows = Object.entries(fields).map(([name, meaning]) => cellsOf([`\`${name}\``, meaning]));
  return [
    `### ${type}`,
    '',
    `${is[0]?.toUpperCase()}${is.slice(1)}.`,
    '',
    '| field | meaning |',
    '| ----- | ------- |',
    ...rows,
    '',
    ...optionsText(type),
  ].join('\n');
}

function ranksText(): string {
  const permissions = Object.entries(PERMISSIONS).map(([name, { meaning, holders }]) =>
    cellsOf([`\`${name}\``, meaning, holders.map(({ words }) => words).join(', ')]),
  );
  return [
    '| rank | |',
    '| ---- | - |',
    ...Object.entries(RANKS).map(([rank, is]) => cellsOf([`\`${rank}\``, is])),
    '',
    '| permission | to | who has it |',
    '| ---------- | -- | ---------- |',
    ...permissions,
    '',
  ].join('\n');
}

/** `Application:SIPServer` is a place for options of an Application. */
function optionsText(type: ObjectType): string[] {
  const places = new Map<OptionPlace, string[]>();
  for (const { section, name, setOn } of OPTION_LIST)
    for (const place of setOn) {
      if (place !== type && !place.startsWith(`${type}:`)) continue;
      places.set(place, [...(places.get(place) ?? []), `\`${section}/${name}\``]);
    }
  return [...places].flatMap(([place, names]) => {
    const of = place === type ? 'Options' : `Options of type ${place.slice(type.length + 1)}`;
    return [`${of}: ${names.join(', ')}.`, ''];
  });
}

function rulesText(title: string, rules: readonly Rule[]): string {
  const rows = rules.map(({ id, severity, title: holds, why, remedy, looksAt, source }) =>
    cellsOf([id, severity, holds, why, remedy, looksAt, source]),
  );
  return [
    `### ${title}`,
    '',
    '| rule | | what holds | why | remedy | looks at | source |',
    '| ---- | - | ---------- | --- | ------ | -------- | ------ |',
    ...rows,
    '',
  ].join('\n');
}

function cellsOf(cells: readonly string[]): string {
  // A bar would end the cell.
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

export function writtenConfigurationDocument(): string {
  return readFileSync(file, 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, configurationDocument());
