/**
 * Which Switches are kept alike, and in what (SY1). It stands in the configuration itself, as options of the two Switch objects, so
 * that every tool which edits anything is held to it:
 *
 *     Switch/north  holdfast/sync-with = south        Switch/south  holdfast/sync-with = north
 *
 * Both have to say so: one that is not pointed back to could be kept alike with a third.
 */
import { type ObjectOf, OPTIONS, objectKey, type Tenant } from '@holdfast/protocol';
import type { Report } from './check-references.ts';
import { type Configuration, compareText } from './configuration.ts';
import { levelOf, optionValue, resolveOption, siteOf } from './option-resolution.ts';

export interface SyncPair {
  /** Names, sorted. */
  readonly switches: readonly [string, string];
  /** One Place with an Extension of each switch, or one Place for each DN (DS21). */
  readonly places: 'one' | 'each';
  /** `section/option`: what each site sets for itself on its DNs and Agent Logins (SY2). */
  readonly ownOptions: ReadonlySet<string>;
}

export type Side = 0 | 1;

/** What is read of a configuration; of one that a change is about to make, too. */
export type Lookup = Pick<Configuration, 'get'>;

type Switch = ObjectOf<'Switch'>;

/** The options by which a pair is kept alike: the same at both Switches. */
export const PAIR_OPTIONS = ['sync-own-options'] as const;

/** SY1. `tenants` are asked for the form of Places, which is one for the whole Tenant. */
export function syncPairs(tenants: Lookup, switches: readonly Switch[]): SyncPair[] {
  return switchPairs(switches).flatMap(([one, other]) => {
    const isAgreed = PAIR_OPTIONS.every((name) => settingOf(one, name) === settingOf(other, name));
    return isAgreed ? [pairOf(tenants, one, other)] : [];
  });
}

/** Who name each other, whether or not their other settings agree. Each pair once. */
export function switchPairs(switches: readonly Switch[]): [Switch, Switch][] {
  const byName = new Map(switches.filter(({ enabled }) => enabled).map((one) => [one.name, one]));
  return [...byName.values()].flatMap((one): [Switch, Switch][] => {
    const other = byName.get(twinSwitchOf(one) ?? '');
    const isFirst = other !== undefined && compareText(one.name, other.name) < 0;
    return isFirst && twinSwitchOf(other) === one.name ? [[one, other]] : [];
  });
}

function pairOf(tenants: Lookup, one: Switch, other: Switch): SyncPair {
  const [here, there] = [settingsOf(tenants, one), settingsOf(tenants, other)];
  const isEach = here.places === 'each' || there.places === 'each';
  return { ...here, places: isEach ? 'each' : 'one', switches: [one.name, other.name] };
}

/** As one Switch and its Tenant say it. */
export function settingsOf(tenants: Lookup, object: Switch): Pick<SyncPair, 'places' | 'ownOptions'> {
  const own = optionValue(OPTIONS.holdfast['sync-own-options'], [levelOf(objectKey(object), object)]);
  const places = placeFormOf(tenants.get('Tenant', object.tenant));
  return { places, ownOptions: new Set(own.split(',')) };
}

function placeFormOf(tenant: Tenant | undefined): SyncPair['places'] {
  const levels = tenant === undefined ? [] : [levelOf(objectKey(tenant), tenant)];
  return optionValue(OPTIONS.holdfast['place-form'], levels);
}

/** A Tenant with that form of Places. */
export function withPlaceForm(tenant: Tenant, { places }: SyncPair): Tenant {
  if (placeFormOf(tenant) === places) return tenant;
  const holdfast = { ...tenant.options.holdfast, 'place-form': places };
  return { ...tenant, options: { ...tenant.options, holdfast } };
}

/** A Switch with these settings, as the first synchronisation leaves it. */
export function withSettings(object: Switch, pair: SyncPair): Switch {
  const twin = pair.switches.find((name) => name !== object.name);
  const own = [...pair.ownOptions].join(',');
  // What is the default need not stand there.
  const isSet = settingOf(object, 'sync-own-options') === own;
  const holdfast = {
    ...object.options.holdfast,
    'sync-with': twin ?? '',
    ...(!isSet && { 'sync-own-options': own }),
  };
  return { ...object, options: { ...object.options, holdfast } };
}

/** SY1: settings that lead to nothing, or to something that nobody can have meant. */
export function checkSyncSwitches(configuration: Configuration, report: Report): void {
  const switches = configuration.all('Switch');
  for (const one of switches) {
    const set = one.options.holdfast ?? {};
    const name = twinSwitchOf(one);
    if (name === undefined) {
      const idle = PAIR_OPTIONS.find((option) => set[option] !== undefined);
      if (idle === undefined) continue;
      const text =
        'It says how this Switch is kept alike with another, and sync-with names none. Set sync-with, or remove it.';
      report(one, `holdfast/${idle}`, set[idle] ?? '', text);
      continue;
    }
    const text = twinText(configuration, one, name);
    if (text !== undefined)
      report(one, 'holdfast/sync-with', name, `${text} Until then nothing is kept alike.`);
  }
  for (const [one, other] of switchPairs(switches)) {
    for (const option of PAIR_OPTIONS) {
      const [here, there] = [settingOf(one, option), settingOf(other, option)];
      if (here === there) continue;
      const text = `It is "${there}" here and "${here}" at Switch "${one.name}", so that nothing of the two is kept alike. Set the same at both.`;
      report(other, `holdfast/${option}`, there ?? '', text);
    }
    const shared = sitesOf(configuration, one).find((site) => sitesOf(configuration, other).includes(site));
    if (shared === undefined) continue;
    const text = `Both Switches are of site "${shared}": who is logged in at one has nowhere to go when that site dies. Name the Switch of the other site.`;
    report(one, 'holdfast/sync-with', other.name, text);
  }
}

function twinText(configuration: Configuration, one: Switch, name: string): string | undefined {
  const other = configuration.get('Switch', name);
  if (name === one.name) return 'It names itself. Name the Switch of the other site.';
  if (other === undefined) return `There is no Switch "${name}". Create it or correct the name.`;
  if (!one.enabled || !other.enabled)
    return `Switch "${one.enabled ? name : one.name}" is disabled. Enable it.`;
  const back = twinSwitchOf(other);
  if (back === one.name) return undefined;
  const says = back === undefined ? 'has no sync-with' : `has sync-with "${back}"`;
  return `Switch "${name}" ${says}. Set it to "${one.name}", or synchronise the two, which does it.`;
}

/** Whom it names. */
export function twinSwitchOf(object: Switch): string | undefined {
  return resolveOption(OPTIONS.holdfast['sync-with'], [levelOf(objectKey(object), object)])?.value;
}

function settingOf(object: Switch, name: (typeof PAIR_OPTIONS)[number]): string | undefined {
  return resolveOption(OPTIONS.holdfast[name], [levelOf(objectKey(object), object)])?.value;
}

function sitesOf(configuration: Configuration, { name }: Switch): string[] {
  const servers = configuration
    .all('Application')
    .filter((one) => one.type === 'SIPServer' && one.switch === name);
  return servers.flatMap((server) => siteOf(server) ?? []);
}
