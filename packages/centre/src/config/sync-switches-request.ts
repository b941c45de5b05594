/**
 * What an administrator asks for who brings two Switches alike: which two, which of them holds where they differ, and, where it is to be
 * another than stands there, the form of Places and what is each site's own. Looked at first and done afterwards it is the same (SY6).
 */
import { allowedValues, CHANGES_MAX, type ObjectOf, OPTIONS, readOption } from '@holdfast/protocol';
import { type Configuration, compareText } from './configuration.ts';
import type { Problem } from './problem.ts';
import { syncChanges } from './sync-switches.ts';
import type { SyncResult } from './sync-switches-entry.ts';
import { type SyncPair, settingsOf, twinSwitchOf } from './sync-switches-settings.ts';

export interface SyncRequest {
  readonly switches: readonly [string, string];
  /** One of the two. */
  readonly master: string;
  readonly places?: SyncPair['places'] | undefined;
  /** As `sync-own-options`. */
  readonly ownOptions?: string | undefined;
}

export type SyncProposal = SyncResult | { readonly problems: readonly Problem[] };

/** SY13. Of more changes than one entry holds none can be made. */
export function proposeSync(
  configuration: Configuration,
  request: SyncRequest,
  changesMax = CHANGES_MAX,
): SyncProposal {
  const asked = pairAsked(configuration, request);
  if ('problems' in asked) return asked;
  const { master } = request;
  const result = syncChanges(configuration, asked.pair, master);
  const count = result.changes.length;
  if (count <= changesMax) return result;
  const text = `It would change ${count} objects, and one entry holds ${changesMax}. Import the DNs and Agent Logins that one of the two lacks first, in parts.`;
  return { problems: [{ file: '', object: `Switch/${master}`, field: '', value: String(count), text }] };
}

/** SY13: the two as they would be kept alike, or why they cannot be. */
export function pairAsked(
  configuration: Configuration,
  request: SyncRequest,
): { readonly pair: SyncPair } | { readonly problems: readonly Problem[] } {
  const { switches, master, ownOptions } = request;
  const problems: Problem[] = [];
  const report = (object: string, field: string, value: string, text: string) =>
    void problems.push({ file: '', object, field, value, text });
  const found = switches.map((name) => configuration.get('Switch', name));
  for (const [i, name] of switches.entries()) {
    const key = `Switch/${name}`;
    const twin = switches[1 - i] ?? '';
    const object = found[i];
    if (object === undefined) report(key, '', name, `There is no Switch "${name}". Correct the name.`);
    else if (!object.enabled) report(key, 'enabled', 'false', `Switch "${name}" is disabled. Enable it.`);
    else if ((twinSwitchOf(object) ?? twin) !== twin) {
      const third = twinSwitchOf(object) ?? '';
      const text = `It is kept alike with "${third}" already. Remove that option here and there first.`;
      report(key, 'holdfast/sync-with', third, text);
    }
  }
  if (switches[0] === switches[1])
    report(
      `Switch/${switches[0]}`,
      '',
      switches[0],
      'It cannot be kept alike with itself. Name two Switches.',
    );
  if (!switches.includes(master))
    report(`Switch/${master}`, '', master, `The master is one of the two: ${switches.join(' or ')}.`);
  const option = OPTIONS.holdfast['sync-own-options'];
  if (ownOptions !== undefined && !readOption(option, ownOptions, '').ok)
    report(
      `Switch/${master}`,
      'holdfast/sync-own-options',
      ownOptions,
      `It must be ${allowedValues(option.kind)}.`,
    );
  const [one, other] = found;
  if (problems.length > 0 || one === undefined || other === undefined) return { problems };
  const first = one.name === master ? one : other;
  return { pair: pairFor(configuration, [one, other], first, request) };
}

/** What is not asked for is as it stands, at the master. */
function pairFor(
  configuration: Configuration,
  switches: readonly ObjectOf<'Switch'>[],
  master: ObjectOf<'Switch'>,
  { places, ownOptions }: SyncRequest,
): SyncPair {
  const [first = '', second = ''] = switches.map(({ name }) => name).sort(compareText);
  const settings = settingsOf(configuration, master);
  return {
    switches: [first, second],
    places: places ?? settings.places,
    ownOptions: ownOptions === undefined ? settings.ownOptions : new Set(ownOptions.trim().split(',')),
  };
}
