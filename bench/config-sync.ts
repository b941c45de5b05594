/**
 * Two Switches kept alike: what the first synchronisation of a whole centre takes, its repetition, the digests and the search
 * for drift, and what it costs to carry one edit. Beside a centre fifty times smaller, because that cost must not grow with the
 * configuration. Prints one JSON object.
 *
 *   node --import tsx bench/config-sync.ts [--agents 10000] [--edits 20000]
 */
import { createHash } from 'node:crypto';
import {
  type Configuration,
  drift,
  movePlaces,
  placesOfDNs,
  switchDigest,
  syncChanges,
  syncEntry,
  syncPairs,
  withDerived,
} from '@holdfast/centre';
import { type Change, type ConfigObject, objectKey } from '@holdfast/protocol';
import { numberArgument } from './bench-run.ts';
import { generatedCentre } from './generated-centre.ts';

const AGENTS = numberArgument('agents', 10_000);
const EDITS = numberArgument('edits', 20_000);
/** The small centre has so many times fewer agents. */
const SHARE = 50;
/** How many times more an edit may cost in the large one, by CPU time: names are longer, and caches hold less. */
const GROWTH_MAX = 4;
const MASTER = 'north';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** What an administrator has who has built one site: nothing of an agent at the other. */
function northAlone(configuration: Configuration): Configuration {
  const isNorth = (reference: string) => reference.endsWith('@north');
  const deleted: string[] = [];
  const changed: ConfigObject[] = [];
  for (const object of configuration.objects) {
    const isOfAgents =
      object.objectType === 'AgentLogin' || (object.objectType === 'DN' && object.type === 'Extension');
    if (isOfAgents && object.switch === 'south') deleted.push(objectKey(object));
    if (object.objectType === 'Place') changed.push({ ...object, dns: object.dns.filter(isNorth) });
    if (object.objectType === 'Person')
      changed.push({ ...object, agentLogins: object.agentLogins.filter(isNorth) });
  }
  return configuration.with({ changed, deleted });
}

function applied(configuration: Configuration, changes: readonly Change[]): Configuration {
  return configuration.with({
    changed: changes.flatMap(({ after }) => after ?? []),
    deleted: changes.flatMap(({ key, after }) => (after === null ? [key] : [])),
  });
}

function timed<Result>(work: () => Result): { readonly ms: number; readonly result: Result } {
  const from = performance.now();
  const result = work();
  return { ms: Math.round(10 * (performance.now() - from)) / 10, result };
}

/** One object each, of all kinds that are carried. */
function editsOf(configuration: Configuration): Change[] {
  const some = <Item>(items: readonly Item[]) =>
    items.filter((_, i) => i % Math.ceil(items.length / 200) === 0);
  const named = some(configuration.all('DN').filter(({ type }) => type === 'Extension')).map((dn): Change => {
    return { key: objectKey(dn), before: dn, after: { ...dn, displayName: 'Another' } };
  });
  const made = some(configuration.all('DN').filter(({ type }) => type === 'Extension')).map((dn): Change => {
    const after = { ...dn, number: `9${dn.number}` };
    return { key: objectKey(after), before: null, after };
  });
  const loggedIn = some(configuration.all('Person')).map((person): Change => {
    const after = { ...person, agentLogins: person.agentLogins.slice(1) };
    return { key: objectKey(person), before: person, after };
  });
  const seats = some(configuration.all('Place')).map((place): Change => {
    return { key: objectKey(place), before: place, after: { ...place, dns: place.dns.slice(1) } };
  });
  const groups = configuration.all('AgentGroup').map((group): Change => {
    const after = { ...group, originationDNs: group.originationDNs.slice(1) };
    return { key: objectKey(group), before: group, after };
  });
  return [named, made, loggedIn, seats, groups].flat();
}

interface EditCost {
  readonly cpu_us: number;
  readonly median_us: number;
  readonly p99_us: number;
  readonly max_us: number;
}

function editCost(configuration: Configuration): EditCost {
  const edits = editsOf(configuration);
  const placeOf = placesOfDNs(configuration.all('Place'));
  const took: number[] = [];
  let carried = 0;
  const one = (n: number) => {
    const changes = [edits[n % edits.length] as Change];
    const from = performance.now();
    const { changes: derived } = syncEntry(configuration, changes, (dn) => placeOf.get(dn));
    const entry = withDerived(changes, derived);
    movePlaces(placeOf, entry);
    took.push(1_000 * (performance.now() - from));
    carried += derived.length;
    // Back to where it was, since the configuration stays as it is too.
    movePlaces(
      placeOf,
      entry.map(({ key, before, after }) => ({ key, before: after, after: before })),
    );
  };
  for (let n = 0; n < EDITS / 4; n++) one(n);
  took.length = 0;
  carried = 0;
  const before = process.cpuUsage();
  for (let n = 0; n < EDITS; n++) one(n);
  const { user, system } = process.cpuUsage(before);
  if (carried < EDITS / 2) throw new Error(`of ${EDITS} edits ${carried} changes came`);
  took.sort((a, b) => a - b);
  const at = (share: number) => oneDecimal(took[Math.floor(share * (took.length - 1))] as number);
  return { cpu_us: oneDecimal((user + system) / EDITS), median_us: at(0.5), p99_us: at(0.99), max_us: at(1) };
}

function oneDecimal(value: number): number {
  return Math.round(10 * value) / 10;
}

function measured(agents: number, places: 'one' | 'each') {
  const pair = {
    switches: ['north', 'south'] as const,
    places,
    ownOptions: new Set(['TServer/contact']),
  };
  const alone = northAlone(generatedCentre(agents));
  const first = timed(() => syncChanges(alone, pair, MASTER));
  const configuration = applied(alone, first.result.changes);
  const [set] = syncPairs(configuration, configuration.all('Switch'));
  if (set === undefined) throw new Error('the two Switches are no pair');
  const again = timed(() => syncChanges(configuration, set, MASTER));
  const digests = timed(() => set.switches.map((name) => switchDigest(configuration, name, set, sha256)));
  const search = timed(() => drift(configuration, set));
  const missed = [
    ...(again.result.changes.length === 0 ? [] : ['a second synchronisation is not empty']),
    ...(digests.result[0] === digests.result[1] ? [] : ['the digests differ']),
    ...(search.result.differences.length === 0 ? [] : ['drift is found where there is none']),
  ];
  const figures = {
    objects: configuration.objects.length,
    first_synchronisation_ms: first.ms,
    its_changes: first.result.changes.length,
    again_ms: again.ms,
    both_digests_ms: digests.ms,
    drift_ms: search.ms,
    edit: editCost(configuration),
  };
  return { figures, missed };
}

const large = measured(AGENTS, 'one');
const each = measured(AGENTS, 'each');
// Last, so that it is not the one for which everything is compiled.
const small = measured(Math.max(20, Math.round(AGENTS / SHARE)), 'one');
const growth = Math.round((100 * large.figures.edit.cpu_us) / small.figures.edit.cpu_us) / 100;
const report = {
  agents: AGENTS,
  edits: EDITS,
  small: small.figures,
  large: large.figures,
  large_with_a_place_for_each_dn: each.figures,
  /** Of the CPU time of an edit, the large centre to the small one. */
  growth,
  missed: [
    ...[small, large, each].flatMap(({ missed }) => missed),
    ...(growth > GROWTH_MAX ? [`an edit costs ${growth} times as much in the large centre`] : []),
  ],
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
