/**
 * Writes docs/options.md from the option catalogue, so that the document says what the code does. A test holds
 * the file against the catalogue; after a change of the catalogue run
 *
 *     npx tsx scripts/make-options.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  allowedValues,
  OPTION_LIST,
  type OPTIONS,
  type OptionDefinition,
  PROPERTIES,
  type PropertyDefinition,
} from '../packages/protocol/src/index.ts';

const file = fileURLToPath(new URL('../docs/options.md', import.meta.url));

/** What a section is about; a section that is not named here is refused. */
const SECTIONS: Readonly<Record<keyof typeof OPTIONS, string>> = {
  'interaction-workspace': 'Business continuity of the desk, as administrators know it from S0 and S1.',
  'agent-desktop': 'Business continuity of a third-party desktop, as administrators know it from S3 and S4.',
  loading: 'How a third-party desktop loads its data (S4).',
  TServer: 'What a SIP Server works by, under the names of the SIP Server manual.',
  'backup-sync': 'The link between the members of a SIP Server pair.',
  csproxy: 'Proxies that all come back in one moment, under the names of the Configuration Server Proxy.',
  system: 'What serves the configuration, under the names of the Configuration Server.',
  holdfast: 'Ours.',
};

const HEADING = `# Options

Made from the catalogue (\`packages/protocol/src/option-catalogue.ts\`, \`options/properties.ts\`) by \`npx tsx scripts/make-options.ts\`; do not edit.
\`npx holdfast options\` prints the same.

An option stands in the options of an object, in its section. Of several places the more particular one wins: Person over Agent
Group (of several groups that set it, the last by name) over Tenant over Application (rule DS4). A value that is not allowed, and an
option where nobody reads it, are refused when the configuration is loaded, with object, option, value and what is allowed; of an option
that desks read, and on a Person, Agent Group, Place, Agent Login or desktop, they count as not set, with a warning (CF20). An option that does not stand here, or on which this release does not act, is named in a warning. Whatever is acted on has a test whose title
begins with its name, as in \`[option holdfast/realm]\`, and in which changing it changes a decision or a message. *set on* gives the type of an Application or a DN after the colon.
*immediately* is within a second, at both sites: also of options that count in the original only after a desktop has been started anew.
What a desk waits for at that moment is judged by the new value (DS24). *at the next idle moment* is when the agent is in no call and no
after-call work, has no window open, and has the phone in service where the desk is to go (DS25). The
source documents S0 to S4 are listed in [sources.md](sources.md); the option references are the public manuals of Workspace and of the SIP Server.
`;

export function optionsDocument(): string {
  const sections = Object.entries(SECTIONS).map(([section, about]) => {
    const rows = OPTION_LIST.filter((option) => option.section === section).map(row);
    return [
      `## Section \`${section}\``,
      '',
      about,
      '',
      '| option | value | default | set on | takes effect | meaning | acted on by | source |',
      '| ------ | ----- | ------- | ------ | ------------ | ------- | ----------- | ------ |',
      ...rows,
      '',
    ].join('\n');
  });
  return [HEADING, ...sections, properties()].join('\n');
}

const PROPERTIES_HEADING = `## Properties of Applications and connections

How links behave is set in fields of the Application object and of the entries of its \`connections\`, as administrators know them. A
value out of range is refused when the configuration is loaded.

| property | of | value | default | of Applications of type | takes effect | meaning | acted on by | source |
| -------- | -- | ----- | ------- | ----------------------- | ------------ | ------- | ----------- | ------ |
`;

function properties(): string {
  return `${PROPERTIES_HEADING}${PROPERTIES.map(propertyRow).join('\n')}\n`;
}

function propertyRow(property: PropertyDefinition): string {
  return cellsOf([
    `\`${property.name}\``,
    property.owner,
    property.allowed,
    shownDefault(property.default),
    property.of,
    property.takesEffect,
    property.meaning,
    property.actsOn ?? NOBODY,
    property.source,
  ]);
}

const NOBODY = '**nobody in this release**; setting it is warned of';

function row(option: OptionDefinition): string {
  const { setOn, knownOn = [] } = option;
  const others = knownOn.length === 0 ? '' : `; without effect on ${knownOn.join(', ')}`;
  return cellsOf([
    `\`${option.name}\``,
    allowedValues(option.kind),
    shownDefault(option.default),
    `${setOn.join(', ')}${others}`,
    option.takesEffect,
    option.meaning,
    option.actsOn ?? NOBODY,
    option.source,
  ]);
}

function shownDefault(value: string | undefined): string {
  return value === undefined ? 'none' : `\`${value}\``;
}

function cellsOf(cells: readonly string[]): string {
  // A bar would end the cell.
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

export function writtenOptionsDocument(): string {
  return readFileSync(file, 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, optionsDocument());
