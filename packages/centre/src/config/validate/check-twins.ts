/** V39 to V43: whatever agents and callers meet at one site, they meet at the other (S2: DNs, Agent Logins, references). */
import { type AgentGroup, type Change, type DN, OPTIONS, objectKey, type Person } from '@holdfast/protocol';
import { splitReference } from '../configuration.ts';
import { optionValue } from '../option-resolution.ts';
import { created, type Find, optionSet, replaced } from './finding.ts';
import { levelOfObject, type World } from './world.ts';

export function checkTwinObjects(world: World, find: Find): void {
  for (const dn of world.looked.all('DN')) {
    const twin = world.twinOf(dn.switch);
    const there = twin === undefined ? undefined : world.configuration.get('DN', `${dn.number}@${twin}`);
    checkDigest(world, dn, there, find);
    if (twin === undefined || !dn.enabled) continue;
    if (there === undefined) checkDialled(world, dn, twin, find);
    else checkAlike(world, dn, there, find);
  }
  for (const person of world.agents) checkAgentLogins(world, person, find);
  for (const group of world.looked.all('AgentGroup')) if (group.enabled) checkQueues(world, group, find);
}

/** V39: a phone has one password for both sites. Which of two is right nobody here can say. */
function checkDigest(world: World, dn: DN, there: DN | undefined, find: Find): void {
  if (dn.type !== 'Extension' || !dn.enabled || world.placeOf(`${dn.number}@${dn.switch}`) === undefined)
    return;
  if (dn.digest === undefined)
    find('V39', {
      object: dn,
      field: 'digest',
      reason: 'An Extension without a digest lets no phone register.',
      remedy: there?.digest === undefined ? 'Set one.' : 'Set the one of the same number at the other site.',
      ...(there?.digest !== undefined && { fix: [replaced(dn, { ...dn, digest: there.digest })] }),
    });
  // Said once, at the later of the two.
  const isSame = dn.digest?.sha256 === there?.digest?.sha256 && dn.digest?.md5 === there?.digest?.md5;
  if (dn.digest === undefined || there?.digest === undefined || isSame || dn.switch < there.switch) return;
  find('V39', {
    object: dn,
    field: 'digest',
    reason: `It differs from that of ${objectKey(there)}: the phone has one password, and one of the two sites refuses it.`,
    remedy: 'Make both anew from one password.',
  });
}

/** V42: a caller who is sent to the other site finds the same numbers. */
function checkDialled(world: World, dn: DN, twin: string, find: Find): void {
  if (dn.type !== 'ACDQueue' && dn.type !== 'RoutingPoint') return;
  find('V42', {
    object: dn,
    field: '',
    value: dn.number,
    reason: `Switch "${twin}" of the peer has no DN of this number: a caller who comes there when this site is lost is served by nobody.`,
    remedy: 'Create it there too.',
    fix: [created({ ...dn, switch: twin }), ...served(world, dn, twin)],
  });
}

/** Who serves the queue here is to serve it there (V43). */
function served({ configuration }: World, dn: DN, twin: string): Change[] {
  const [here, there] = [`${dn.number}@${dn.switch}`, `${dn.number}@${twin}`];
  return configuration
    .all('AgentGroup')
    .filter(({ originationDNs }) => originationDNs.includes(here) && !originationDNs.includes(there))
    .map((group) => replaced(group, { ...group, originationDNs: [...group.originationDNs, there] }));
}

/** What each site sets for itself, as the synchronisation of switches leaves it alone too (SY2). */
function ownOptions({ configuration }: World, switchName: string): readonly string[] {
  const found = configuration.get('Switch', switchName);
  return optionValue(
    OPTIONS.holdfast['sync-own-options'],
    found === undefined ? [] : [levelOfObject(found)],
  ).split(',');
}

/** V41. Trunks are a site's own. */
function checkAlike(world: World, dn: DN, there: DN, find: Find): void {
  // Each two are looked at once. Of another type, V33 has something to say.
  if (dn.type === 'Trunk' || dn.type !== there.type || (there.enabled && dn.switch > there.switch)) return;
  if (!there.enabled) {
    find('V41', {
      object: there,
      field: 'enabled',
      value: 'false',
      reason: `It is disabled, and ${objectKey(dn)} of the other site is not: it works until that site is lost.`,
      remedy: 'Enable it, or disable both.',
      fix: [replaced(there, { ...there, enabled: true })],
    });
    return;
  }
  const own = ownOptions(world, dn.switch);
  const sections = new Set([...Object.keys(dn.options), ...Object.keys(there.options)]);
  for (const section of sections) {
    const [here, other] = [dn.options[section] ?? {}, there.options[section] ?? {}];
    for (const name of new Set([...Object.keys(here), ...Object.keys(other)])) {
      if (here[name]?.trim() === other[name]?.trim() || own.includes(`${section}/${name}`)) continue;
      const shown = (value: string | undefined) => (value === undefined ? 'unset' : `"${value}"`);
      find('V41', {
        object: there,
        field: `${section}/${name}`,
        value: other[name] ?? '',
        reason: `It is ${shown(other[name])} here and ${shown(here[name])} at ${objectKey(dn)}: after a move it would be another.`,
        remedy: 'Set the same at both.',
        fix: [optionSet(there, section, name, here[name])],
      });
    }
  }
}

/** V40: without an Agent Login nobody logs in (S2). */
function checkAgentLogins(world: World, person: Person, find: Find): void {
  const switches = new Set(person.agentLogins.map((login) => splitReference(login).switch));
  for (const [i, reference] of person.agentLogins.entries()) {
    const login = world.configuration.get('AgentLogin', reference);
    const twin = world.twinOf(splitReference(reference).switch);
    if (login !== undefined && !login.enabled) {
      find('V40', {
        object: login,
        field: 'enabled',
        value: 'false',
        reason: `Person "${person.name}" cannot log in at Switch "${login.switch}" with a disabled Agent Login.`,
        remedy: 'Enable it.',
        fix: [replaced(login, { ...login, enabled: true })],
      });
      continue;
    }
    if (login === undefined || twin === undefined || switches.has(twin)) continue;
    const other = `${login.code}@${twin}`;
    const there = world.configuration.get('AgentLogin', other);
    const given = replaced(person, { ...person, agentLogins: [...person.agentLogins, other] });
    // One that exists may be somebody's.
    const fix = there === undefined ? [created({ ...login, switch: twin }), given] : undefined;
    find('V40', {
      object: person,
      field: 'agentLogins',
      value: person.agentLogins[i] ?? '',
      reason: `There is no Agent Login at Switch "${twin}" of site "${world.siteOfSwitch(twin) ?? ''}" for this Person, who cannot log in there.`,
      remedy: `Give one, such as ${other}.`,
      ...(fix !== undefined && { fix }),
    });
  }
}

/** V43: who serves a queue here serves it there. */
function checkQueues(world: World, group: AgentGroup, find: Find): void {
  const missing: string[] = [];
  for (const reference of group.originationDNs) {
    const { number, switch: name } = splitReference(reference);
    const twin = world.twinOf(name);
    const other = twin === undefined ? undefined : `${number}@${twin}`;
    if (other === undefined || group.originationDNs.includes(other)) continue;
    // Where there is no such queue, V42 says it.
    if (world.configuration.get('DN', other) !== undefined) missing.push(other);
  }
  const [first] = missing;
  if (first === undefined) return;
  find('V43', {
    object: group,
    field: 'originationDNs',
    value: group.originationDNs.join(', '),
    reason: `It serves these queues at one site and not ${missing.join(', ')} at the other: after a move its agents would be given no call of them.`,
    remedy: 'Add them.',
    fix: [replaced(group, { ...group, originationDNs: [...group.originationDNs, ...missing] })],
  });
}
