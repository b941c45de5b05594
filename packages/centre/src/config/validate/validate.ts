/**
 * The validator (S1: "automatically validates"): every rule of the registry over one revision. What is checked when a
 * configuration is loaded (CF3 to CF26) is the same code; here each finding has its rule, and where there is one a fix.
 */
import { type Change, objectKey } from '@holdfast/protocol';
import { checkDesktops } from '../check-desktops.ts';
import { checkOptions } from '../check-options.ts';
import { checkPools } from '../check-pools.ts';
import { checkAgentLogins, checkPlaces, checkReferences, type Report } from '../check-references.ts';
import { checkDNs, checkPeerTrunks, checkServers } from '../check-servers.ts';
import { type Configuration, splitKey } from '../configuration.ts';
import { checkSyncSwitches } from '../sync-switches-settings.ts';
import { checkDesktopLinks } from './check-desktop-links.ts';
import { checkLogIns } from './check-log-ins.ts';
import { checkNames } from './check-names.ts';
import { checkOutside } from './check-outside.ts';
import { checkPairs } from './check-pairs.ts';
import { checkPhones, checkSeats } from './check-seats.ts';
import { checkTimes } from './check-times.ts';
import { checkTrunks } from './check-trunks.ts';
import { checkTwinObjects } from './check-twins.ts';
import { type Find, type Finding, type Found, findingKey, type RuleId } from './finding.ts';
import { fixOf } from './fixes.ts';
import { movedMembers, narrowed, neighbours } from './neighbours.ts';
import type { Question } from './question.ts';
import { ruleOf } from './rules.ts';
import { World } from './world.ts';

/** Of one rule; the last finding says how many more there are. */
const FINDINGS_PER_RULE_MAX = 200;

export function validate(configuration: Configuration, question: Question = {}): Finding[] {
  return cut(look(new World(configuration, configuration, question)));
}

/**
 * After an edit: the findings on what was changed, and on whatever stands in relation to it. An edit of anything that many
 * depend on (a server, a group, a Tenant) is looked at as a whole.
 */
export function validateFor(
  configuration: Configuration,
  changedKeys: readonly string[],
  question: Question = {},
): Finding[] {
  const keys = neighbours(configuration, changedKeys);
  if (keys === undefined) return validate(configuration, question);
  return cut(look(new World(configuration, narrowed(configuration, keys), question)));
}

/**
 * What an edit brings: it is to be refused for an error of its own making, and not for one that has stood there. Both
 * revisions are looked at, where the edit concerns few only there.
 */
export function findingsBrought(
  { before, after }: { readonly before: Configuration; readonly after: Configuration },
  changedKeys: readonly string[],
  question: Question = {},
): Finding[] {
  const keys = new Set(changedKeys);
  const groups = new Set<string>();
  for (const key of changedKeys) {
    const [type, name] = splitKey(key);
    if (type !== 'AgentGroup') continue;
    const moved = movedMembers(before.get('AgentGroup', name), after.get('AgentGroup', name));
    if (moved === undefined) continue;
    groups.add(key);
    for (const member of moved) keys.add(`Person/${member}`);
  }
  const [first, second] = [before, after].map((one) => neighbours(one, [...keys], groups));
  const concerned = first === undefined || second === undefined ? undefined : new Set([...first, ...second]);
  const lookAt = (one: Configuration) =>
    look(new World(one, concerned === undefined ? one : narrowed(one, concerned), question));
  const former = new Set(lookAt(before).map(findingKey));
  return cut(lookAt(after).filter((finding) => !former.has(findingKey(finding))));
}

function look(world: World): Finding[] {
  const findings: Finding[] = [];
  const find: Find = (rule, found) => findings.push(findingOf(rule, found));
  const { looked } = world;
  const as =
    (fallback: RuleId): Report =>
    (object, field, value, text, rule = fallback) => {
      const [reason, remedy] = splitText(text);
      const fix = fixOf(world.configuration, rule, object, field);
      find(rule, { object, field, value, reason, remedy, ...(fix !== undefined && { fix }) });
    };
  checkReferences(looked, (object, field, ...rest) =>
    as(field === 'backup' ? 'V10' : 'V71')(object, field, ...rest),
  );
  checkPlaces(looked, as('V72'));
  checkAgentLogins(looked, as('V73'));
  checkServers(looked, as('V74'));
  checkDNs(looked, as('V61'));
  checkDesktops(looked, as('V23'));
  checkPeerTrunks(looked, as('V57'));
  checkPools(looked, as('V59'));
  checkSyncSwitches(looked, as('V81'));
  checkEachOption(world, find);
  checkNames(world, find);
  checkPairs(world, find);
  checkDesktopLinks(world, find);
  checkSeats(world, find);
  checkTwinObjects(world, find);
  checkPhones(world, find);
  checkTimes(world, find);
  checkTrunks(world, find);
  checkOutside(world, find);
  checkLogIns(world, new Set(findings.map(({ object }) => object)), find);
  return findings;
}

/** As many of each rule as anybody reads, and the number of the others. */
function cut(findings: readonly Finding[]): Finding[] {
  const counts = new Map<RuleId, number>();
  const kept = findings.filter(({ rule }) => {
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    return count <= FINDINGS_PER_RULE_MAX;
  });
  for (const [rule, count] of counts) if (count > FINDINGS_PER_RULE_MAX) kept.push(more(rule, count));
  return kept;
}

/** V69, V70: of an option on which nobody acts (CF6) nothing depends. */
function checkEachOption({ looked }: World, find: Find): void {
  for (const object of looked.objects) {
    if (Object.keys(object.options).length === 0) continue;
    const { problems, unusable } = checkOptions({ file: '', object });
    for (const [rule, found] of [['V69', problems] as const, ['V70', unusable] as const])
      for (const { field, value, text } of found) {
        const [reason, remedy] = splitText(text);
        find(rule, { object, field, value, reason, remedy });
      }
  }
}

function findingOf(rule: RuleId, { object, field, value = '', reason, remedy, fix }: Found): Finding {
  const { severity, remedy: usual } = ruleOf(rule);
  return {
    rule,
    severity,
    object: typeof object === 'string' ? object : objectKey(object),
    field,
    value,
    reason,
    remedy: remedy ?? usual,
    ...(fix !== undefined && { fix }),
  };
}

function more(rule: RuleId, count: number): Finding {
  const reason = `And ${count - FINDINGS_PER_RULE_MAX} more of this rule.`;
  return findingOf(rule, { object: '', field: '', reason, remedy: 'Mend the first ones, then check again.' });
}

/** The texts of checks end in what to do. A full stop within quotes ends no sentence. */
function splitText(text: string): [reason: string, remedy: string | undefined] {
  for (let at = text.length - 2; at > 0; at--) {
    if (text[at] !== ' ' || !'.?!'.includes(text[at - 1] as string)) continue;
    const quotes = text.slice(0, at).split('"').length - 1;
    if (quotes % 2 === 0) return [text.slice(0, at), text.slice(at + 1)];
  }
  return [text, undefined];
}

/** The changes of all these findings that can be made together: of two for one object the first. */
export function fixesOf(findings: readonly Finding[]): Change[] {
  const changes = new Map<string, Change>();
  for (const { fix = [] } of findings) {
    if (fix.some(({ key }) => changes.has(key))) continue;
    for (const change of fix) changes.set(change.key, change);
  }
  return [...changes.values()];
}
