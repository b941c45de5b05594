/** What an administrator reads of two Switches, as text. */
import { splitKey } from '@holdfast/centre';
import { type Change, type ComparedSwitches, revisionText, type SwitchDifference } from '@holdfast/protocol';
import { countsInWords, findingLines } from './config-words.ts';

/** Of each type, how many objects: `DN: 2400 created, 3 changed`. */
export function summaryLines(changes: readonly Change[]): string[] {
  const byType = new Map<string, Change[]>();
  for (const change of changes) {
    const [type] = splitKey(change.key);
    const former = byType.get(type);
    if (former === undefined) byType.set(type, [change]);
    else former.push(change);
  }
  return [...byType].map(([type, some]) => `${type}: ${countsInWords(some)}`);
}

/** All that is kept alike is. What no synchronisation mends shows in the digests. */
export function isAlike({ digests, differences }: ComparedSwitches): boolean {
  return digests[0] === digests[1] && differences.length === 0;
}

export function pairLines(pair: ComparedSwitches): string[] {
  const { switches, isKeptAlike, places, digests, differences, more, findings } = pair;
  const [one, other] = switches;
  const kept = isKeptAlike ? 'kept alike' : 'not kept alike yet';
  const form = places === 'one' ? 'a Place for both' : 'a Place for each DN';
  const verdict = isAlike(pair)
    ? `they are alike, digest ${digests[0]}`
    : `they differ, digests ${digests[0]} and ${digests[1]}`;
  return [
    `${one} and ${other} (${kept}, ${form}): ${verdict}`,
    ...differences.map(differenceLine),
    ...(more > 0 ? [`and ${more} differences more`] : []),
    ...findingLines(findings),
  ];
}

/** `by` as UTC: local time would be read differently at the two sites. */
function differenceLine({ object, field, value, other, by }: SwitchDifference): string {
  const what =
    field === ''
      ? `${object}: ${value}${other === '' ? '' : `; ${other} is there`}`
      : `${object}: ${field}: ${value}; alike it would be ${other}`;
  if (by === undefined) return what;
  const when = new Date(by.at).toISOString().replace('T', ' ').slice(0, 19);
  return `${what}  (${revisionText(by.revision)}, ${when} UTC, ${by.author.who} from ${by.author.from})`;
}
