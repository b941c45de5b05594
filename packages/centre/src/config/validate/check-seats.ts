/** V32 to V38: Places and the Extensions in them, in the form that the Tenant states (DS21). */
import type { DN, Person, Place } from '@holdfast/protocol';
import { registrationScheme } from '../desk-configuration.ts';
import { created, type Find, replaced } from './finding.ts';
import type { World } from './world.ts';

export function checkSeats(world: World, find: Find): void {
  const isEach = world.isPlacePerDN;
  for (const place of world.looked.all('Place')) {
    if (!place.enabled) continue;
    const extensions = extensionsOf(world, place);
    checkSwitches(world, place, extensions, find);
    if (isEach) checkOwnPlace(world, place, extensions, find);
    else checkSharedPlace(world, place, extensions, find);
  }
  checkTwins(world, find);
  checkAgentsSit(world, find);
}

/** Those that somebody can sit at, whatever else stands in the Place: it holds for blended agents too (S0). */
function extensionsOf({ configuration }: World, place: Place): DN[] {
  return place.dns.flatMap((reference) => {
    const dn = configuration.get('DN', reference);
    return dn?.enabled && dn.type === 'Extension' ? [dn] : [];
  });
}

function referenceOf({ number, switch: name }: DN): string {
  return `${number}@${name}`;
}

/** V36, V37. */
function checkSwitches(world: World, place: Place, extensions: readonly DN[], find: Find): void {
  const first = new Map<string, DN>();
  for (const dn of extensions) {
    const at = { object: place, field: `dns.${place.dns.indexOf(referenceOf(dn))}`, value: referenceOf(dn) };
    const other = first.get(dn.switch);
    if (other === undefined) first.set(dn.switch, dn);
    else
      find('V36', {
        ...at,
        reason: `It is a second Extension of Switch "${dn.switch}" in this Place, beside ${other.number}: nobody can say at which of them the agent sits, and every log-in here is refused (one registration for each site, S2).`,
        remedy: 'Leave one.',
        fix: [
          replaced(place, { ...place, dns: place.dns.filter((reference) => reference !== referenceOf(dn)) }),
        ],
      });
    if (other === undefined && world.serverOf(dn.switch) === undefined)
      find('V37', {
        ...at,
        reason: `No enabled SIP Server controls Switch "${dn.switch}": its phone registers nowhere.`,
        remedy: 'Give the Switch a SIP Server, or put an Extension of the Switch of a site into the Place.',
      });
  }
}

/** V32, V34: one Place has an Extension of each site, of one number. */
function checkSharedPlace(world: World, place: Place, extensions: readonly DN[], find: Find): void {
  for (const dn of extensions) {
    const twin = world.twinOf(dn.switch);
    if (twin === undefined) continue;
    const others = extensions.filter((other) => other.switch === twin);
    const there = others.find(({ number }) => number === dn.number) ?? others[0];
    if (there === undefined) {
      const reference = `${dn.number}@${twin}`;
      const isFree =
        world.configuration.get('DN', reference)?.type === 'Extension' &&
        world.placeOf(reference) === undefined;
      find('V32', {
        object: place,
        field: 'dns',
        value: place.dns.join(', '),
        reason: `It has ${referenceOf(dn)} and no enabled Extension of Switch "${twin}" at site "${world.siteOfSwitch(twin) ?? ''}": whoever sits here has one site only.`,
        remedy: `Put ${reference} into it.`,
        ...(isFree && { fix: [replaced(place, { ...place, dns: [...place.dns, reference] })] }),
      });
    } else if (there.number !== dn.number && dn.switch < there.switch && isOnly(extensions, dn)) {
      find('V34', {
        object: place,
        field: `dns.${place.dns.indexOf(referenceOf(there))}`,
        value: referenceOf(there),
        reason: `It stands beside ${referenceOf(dn)}: after a move callers would have to dial another number (S1).`,
        remedy: `Put ${dn.number}@${there.switch} into the Place instead.`,
      });
    }
  }
}

/** Of a second one at a Switch V36 speaks. */
function isOnly(extensions: readonly DN[], dn: DN): boolean {
  return extensions.every((other) => other === dn || other.switch !== dn.switch);
}

/** V35: each Extension has a Place of its own, and that of the other site one too (S3). */
function checkOwnPlace(world: World, place: Place, extensions: readonly DN[], find: Find): void {
  const [first, ...more] = extensions;
  if (first === undefined) return;
  if (more.some((dn) => dn.switch !== first.switch)) {
    find('V35', {
      object: place,
      field: 'dns',
      value: place.dns.join(', '),
      reason:
        'It has Extensions of two sites, and holdfast/place-form says that each Extension has a Place of its own (S3).',
      remedy: 'Make a Place for each, or set place-form to one.',
    });
    return;
  }
  const twin = world.twinOf(first.switch);
  if (twin === undefined) return;
  const reference = `${first.number}@${twin}`;
  if (world.configuration.get('DN', reference) === undefined || world.placeOf(reference) !== undefined)
    return;
  find('V35', {
    object: place,
    field: 'dns',
    value: place.dns.join(', '),
    reason: `The Extension ${reference} of the other site is in no Place, so that whoever sits here has no place there (S3).`,
    remedy: `Make a Place for ${reference}.`,
  });
}

/** V33: the same number is an Extension at both Switches (S1). */
function checkTwins(world: World, find: Find): void {
  for (const dn of world.looked.all('DN')) {
    if (!dn.enabled || dn.type !== 'Extension') continue;
    const twin = world.twinOf(dn.switch);
    if (twin === undefined || world.placeOf(referenceOf(dn)) === undefined) continue;
    const there = world.configuration.get('DN', `${dn.number}@${twin}`);
    if (there?.type === 'Extension') continue;
    // A Place whose numbers differ is told so (V34).
    if (there === undefined && hasOtherNumber(world, dn, twin)) continue;
    find('V33', {
      object: dn,
      field: '',
      value: dn.number,
      reason: `Switch "${twin}" of the peer ${there === undefined ? 'has no DN' : `has a DN of type ${there.type} and no Extension`} of this number: the phone could not register there.`,
      remedy: there === undefined ? 'Create it there too.' : 'Give one of them another number.',
      ...(there === undefined && { fix: [created({ ...dn, switch: twin })] }),
    });
  }
}

function hasOtherNumber(world: World, dn: DN, twin: string): boolean {
  const place = world.placeOf(referenceOf(dn));
  return place !== undefined && extensionsOf(world, place).some((other) => other.switch === twin);
}

/** V38: agents work at Extensions alone (S2). */
function checkAgentsSit(world: World, find: Find): void {
  for (const [place, person] of seatsOf(world)) {
    if (extensionsOf(world, place).length > 0) continue;
    find('V38', {
      object: place,
      field: 'dns',
      value: place.dns.join(', '),
      reason: `Person "${person.name}" sits here, and it has no enabled DN of type Extension: agents work at Extensions alone (S2), and the log-in is refused.`,
      remedy: 'Put an Extension of each site into it.',
    });
  }
}

/** The default Places of agents, each once, with the first who sits there. */
function seatsOf(world: World): ReadonlyMap<Place, Person> {
  const seats = new Map<Place, Person>();
  for (const person of world.agents) {
    const place = world.configuration.get('Place', person.defaultPlace ?? '');
    if (place?.enabled && !seats.has(place)) seats.set(place, person);
  }
  return seats;
}

/** V44, V45. */
export function checkPhones(world: World, find: Find): void {
  for (const [place, person] of seatsOf(world)) {
    const scheme = registrationScheme(place);
    const at = { object: place, field: 'holdfast/registration-scheme', value: scheme };
    if (scheme === 'fixed')
      find('V44', {
        ...at,
        reason: `The phone of this Place registers at one site only, so that Person "${person.name}" cannot work at the other (PH1).`,
        remedy: 'Give the Place a phone that registers at both, and set single, dual or active-backup.',
      });
    else if (scheme !== 'dual' && world.areCallsKept(person.tenant))
      find('V45', {
        ...at,
        reason: `Calls are to go on when a site is lost (holdfast/keep-calls), and the phone of Person "${person.name}" is registered at one site at a time: until it has moved, nobody can reach it for its call (AD5).`,
        remedy: 'Give the Place a phone that is registered at both sites, and set dual.',
      });
  }
}
