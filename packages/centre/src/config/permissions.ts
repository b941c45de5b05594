/**
 * Who may do what with the configuration: a table of permissions, and for each rank of what it has them (rules CP). What nothing
 * in the table gives, nobody may. A refusal names the permission that is missing and who has it.
 */
import { type Change, type ConfigObject, findOption, nameOf, type Person } from '@holdfast/protocol';
import type { Configuration } from './configuration.ts';
import { changedPaths, fieldName } from './object-pieces.ts';

type Rank = Person['rank'];
type Scope = (person: Person, object: ConfigObject, configuration: Configuration) => boolean;

interface Holders {
  readonly ranks: readonly Rank[];
  /** Of which objects they have it. */
  readonly of: Scope;
  /** For a refusal: who they are. */
  readonly words: string;
}

interface Permission {
  readonly does: 'read' | 'edit' | 'unlock';
  readonly on: 'objects' | 'history';
  readonly meaning: string;
  readonly holders: readonly Holders[];
}

const EVERYBODY: readonly Rank[] = ['agent', 'auditor', 'supervisor', 'administrator'];
const SELF: Holders = { ranks: EVERYBODY, of: isSelf, words: 'each person for its own' };
const SUPERVISORS_OF_AGENT: Holders = {
  ranks: ['supervisor'],
  of: isAgentOfOwnGroup,
  words: 'supervisors for the agents of their groups',
};
const SUPERVISORS_OF_GROUP: Holders = {
  ranks: ['supervisor'],
  of: isOwnGroup,
  words: 'supervisors for the groups in which they are',
};
const SUPERVISORS_OF_TENANT: Holders = {
  ranks: ['supervisor'],
  of: isOfOwnTenant,
  words: 'supervisors of the same tenant',
};
const ADMINISTRATORS: Holders = {
  ranks: ['administrator'],
  of: isAdministered,
  words: 'administrators of the same tenant',
};
const AUDITORS: Holders = { ranks: ['auditor'], of: () => true, words: 'auditors' };

/** None edits the history (CP7), and none reads a secret (CP8). */
export const PERMISSIONS = {
  'own-password': {
    does: 'edit',
    on: 'objects',
    meaning: 'set the own password',
    holders: [SELF],
  },
  agents: {
    does: 'edit',
    on: 'objects',
    meaning: 'enable and disable agents, and set the options of their desks and log-ins',
    holders: [SUPERVISORS_OF_AGENT, ADMINISTRATORS],
  },
  'unlock-agents': {
    does: 'unlock',
    on: 'objects',
    meaning: 'let somebody log in again after too many failures',
    holders: [SUPERVISORS_OF_AGENT, ADMINISTRATORS],
  },
  'group-members': {
    does: 'edit',
    on: 'objects',
    meaning: 'put agents in a group and take them out',
    holders: [SUPERVISORS_OF_GROUP, ADMINISTRATORS],
  },
  objects: {
    does: 'edit',
    on: 'objects',
    meaning: 'create, change and delete any object',
    holders: [ADMINISTRATORS],
  },
  'read-objects': {
    does: 'read',
    on: 'objects',
    meaning: 'read objects, without secrets',
    holders: [SELF, SUPERVISORS_OF_TENANT, ADMINISTRATORS, AUDITORS],
  },
  'read-history': {
    does: 'read',
    on: 'history',
    meaning: 'read who changed what and when, without secrets',
    holders: [ADMINISTRATORS, AUDITORS],
  },
} as const satisfies Readonly<Record<string, Permission>>;
export type PermissionName = keyof typeof PERMISSIONS;

export type Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly permission: PermissionName; readonly text: string };

/** CP1 to CP6. `configuration` is that before the edit: nobody gains a permission by the edit itself. */
export function mayEdit(person: Person, change: Change, configuration: Configuration): Verdict {
  const { key, before, after } = change;
  const needed = neededFor(person, change, configuration);
  const objects = [before, after].filter((object) => object !== null);
  const what = needed.field === '' ? key : `${key}: ${needed.field}`;
  return verdictOn(person, needed.permission, { verb: 'change', what, objects }, configuration);
}

/** CP8: whether an object may be seen, apart from its secrets. */
export function mayRead(person: Person, object: ConfigObject, configuration: Configuration): Verdict {
  const what = `${object.objectType}/${nameOf(object)}`;
  return verdictOn(person, 'read-objects', { verb: 'read', what, objects: [object] }, configuration);
}

/** CP9: one change of an entry; an entry is shown with those of its changes that may be. */
export function mayReadHistory(person: Person, change: Change, configuration: Configuration): Verdict {
  const objects = [change.before, change.after].filter((object) => object !== null);
  const what = `the history of ${change.key}`;
  return verdictOn(person, 'read-history', { verb: 'read', what, objects }, configuration);
}

/** CP3: after a lock-out. */
export function mayUnlock(person: Person, locked: Person, configuration: Configuration): Verdict {
  const what = `Person/${locked.name}`;
  return verdictOn(person, 'unlock-agents', { verb: 'unlock', what, objects: [locked] }, configuration);
}

interface Subject {
  readonly verb: string;
  readonly what: string;
  /** All of them have to be in the scope: what is taken over from another tenant belongs to both. */
  readonly objects: readonly ConfigObject[];
}

function verdictOn(
  person: Person,
  permission: PermissionName,
  { verb, what, objects }: Subject,
  configuration: Configuration,
): Verdict {
  const { holders, meaning }: Permission = PERMISSIONS[permission];
  const isHeld = holders.some(
    ({ ranks, of }) =>
      ranks.includes(person.rank) && objects.every((object) => of(person, object, configuration)),
  );
  if (isHeld && person.enabled) return { ok: true };
  const who = `${person.name} (${person.enabled ? person.rank : 'disabled'})`;
  const whoHas = holders.map(({ words }) => words).join(' and ');
  const text = `${who} may not ${verb} ${what}. That needs the permission "${permission}" (${meaning}), which ${whoHas} have.`;
  return { ok: false, permission, text };
}

interface Needed {
  readonly permission: PermissionName;
  /** The first that asks for it. */
  readonly field: string;
}

/** The least permission that is enough for all that the change touches. */
function neededFor(person: Person, { before, after }: Change, configuration: Configuration): Needed {
  const paths = changedPaths(before, after);
  if (before === null || after === null) return { permission: 'objects', field: '' };
  const [narrow, isCovered] = narrowPermission(person, before, after, configuration);
  const beyond = paths.find((path) => !isCovered(path));
  if (beyond === undefined) return { permission: narrow, field: fieldName(paths[0] ?? []) };
  return { permission: 'objects', field: fieldName(beyond) };
}

type Covers = (path: readonly string[]) => boolean;

/** Fields that a new password sets. */
const OF_PASSWORD: ReadonlySet<string> = new Set(['passwordHash', 'passwordChangedAt']);

/** Which permission below `objects` there is for this object, and which of its pieces it covers. */
function narrowPermission(
  person: Person,
  before: ConfigObject,
  after: ConfigObject,
  configuration: Configuration,
): [PermissionName, Covers] {
  if (before.objectType === 'Person' && after.objectType === 'Person') {
    // Without a password nobody logs in: taking it away is no setting of it.
    if (before.name === person.name && after.passwordHash !== undefined)
      return ['own-password', ([field = '']) => OF_PASSWORD.has(field)];
    if (before.rank === 'agent')
      return ['agents', (path) => path[0] === 'enabled' || isOption(path, isDeskOption)];
  }
  if (before.objectType === 'AgentLogin') return ['agents', (path) => isOption(path, isLoginOption)];
  if (before.objectType === 'AgentGroup')
    return [
      'group-members',
      ([field, name = '']) => {
        const member = field === 'members' ? configuration.get('Person', name) : undefined;
        return member?.rank === 'agent' && member.tenant === before.tenant;
      },
    ];
  return ['objects', () => true];
}

type OptionTest = (section: string, setOn: readonly string[]) => boolean;

function isOption([field, section = '', name = '']: readonly string[], test: OptionTest): boolean {
  const definition = field === 'options' ? findOption(section, name) : undefined;
  return definition !== undefined && test(section, definition.setOn);
}

/**
 * What desks read of a Person. Of our own section that is what a group of agents can have too: others on a Person are about
 * passwords, and are the administrator's.
 */
function isDeskOption(section: string, setOn: readonly string[]): boolean {
  return setOn.includes('Person') && (section !== 'holdfast' || setOn.includes('AgentGroup'));
}

function isLoginOption(_section: string, setOn: readonly string[]): boolean {
  return setOn.includes('AgentLogin');
}

function isSelf(person: Person, object: ConfigObject): boolean {
  return object.objectType === 'Person' && object.name === person.name;
}

/** Persons of rank agent, and their Agent Logins: never ranks that are not below the supervisor's. */
function isAgentOfOwnGroup(person: Person, object: ConfigObject, configuration: Configuration): boolean {
  if (object.objectType === 'AgentLogin') {
    const login = nameOf(object);
    const owner = configuration.all('Person').find(({ agentLogins }) => agentLogins.includes(login));
    return owner !== undefined && isAgentOfOwnGroup(person, owner, configuration);
  }
  if (object.objectType !== 'Person' || object.rank !== 'agent' || object.tenant !== person.tenant)
    return false;
  return configuration
    .all('AgentGroup')
    .some((group) => isOwnGroup(person, group) && group.members.includes(object.name));
}

function isOwnGroup(person: Person, object: ConfigObject): boolean {
  return (
    object.objectType === 'AgentGroup' &&
    object.tenant === person.tenant &&
    object.members.includes(person.name)
  );
}

/** Hosts, keys and applications without a tenant are everybody's. */
function isOfOwnTenant(person: Person, object: ConfigObject, configuration: Configuration): boolean {
  const tenant = tenantOf(object, configuration);
  return tenant === undefined || tenant === person.tenant;
}

/** A tenant without an administrator of its own, as one that has just been made, is looked after by those of the others. */
function isAdministered(person: Person, object: ConfigObject, configuration: Configuration): boolean {
  if (isOfOwnTenant(person, object, configuration)) return true;
  return !administeredTenants(configuration).has(tenantOf(object, configuration) ?? '');
}

/** Looked up for each object that somebody reads: it is worked out once a revision. */
const ADMINISTERED = new WeakMap<Configuration, ReadonlySet<string>>();

function administeredTenants(configuration: Configuration): ReadonlySet<string> {
  const known = ADMINISTERED.get(configuration);
  if (known !== undefined) return known;
  const administrators = configuration
    .all('Person')
    .filter(({ rank, enabled }) => rank === 'administrator' && enabled);
  const tenants = new Set(administrators.map(({ tenant }) => tenant));
  ADMINISTERED.set(configuration, tenants);
  return tenants;
}

function tenantOf(object: ConfigObject, configuration: Configuration): string | undefined {
  switch (object.objectType) {
    case 'Tenant':
      return object.name;
    case 'DN':
    case 'AgentLogin':
      return configuration.get('Switch', object.switch)?.tenant;
    case 'Host':
    case 'Keys':
      return undefined;
    default:
      return object.tenant;
  }
}
