/**
 * Whether two Switches are alike (SY8), and where not: what differs, and whose edit that was (SY9). The comparison is of what is served
 * here; the history of what differs is asked of the store, object by object.
 *
 *     CompareSwitches ──▶ line ──▶ compared ──▶ the store, about each object that differs ──▶ SwitchesCompared
 */
import {
  type Configuration,
  type Drift,
  drift,
  mayRead,
  mayReadHistory,
  pairAsked,
  type SyncPair,
  splitKey,
  switchDigest,
  syncPairs,
  twinKeys,
  withEditors,
} from '@holdfast/centre';
import {
  type ComparedSwitches,
  type ConfigReply,
  type ConfigRequest,
  DIFFERENCES_TOLD_MAX,
  type Entry,
  type ErrorCode,
  type Person,
} from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import type { Asker } from './config-editor.ts';
import type { StoreSession } from './store-session.ts';
import { syncWarnings, toldFindings } from './told-findings.ts';

export type CompareRequest = Extract<ConfigRequest, { type: 'CompareSwitches' }>;

/** They wait for one another's history; one more is refused. */
export const COMPARISONS_WAITING_MAX = 32;
/** Objects whose history is asked, so that nobody waits for longer than a moment; of the others nobody is named. */
export const OBJECTS_ASKED_MAX = 200;
/** Entries of each, the newest. */
const ENTRIES_MAX = 100;

const NO_HISTORY = 'It serves files, which have no history.';

export interface ComparisonPorts {
  readonly hashes: Pick<Hashes, 'sha256'>;
  configuration(): Configuration;
  /** None where there is no store. */
  session(): Pick<StoreSession, 'history' | 'recent'> | undefined;
  reply(connection: string, message: ConfigReply): void;
}

interface Compared {
  readonly pair: SyncPair;
  readonly isKeptAlike: boolean;
  readonly digests: readonly [string, string];
  readonly drift: Drift;
}

/** One whose history is being asked. */
interface Search {
  readonly asker: Asker;
  readonly request: CompareRequest;
  readonly revision: string;
  readonly compared: readonly Compared[];
  /** Keys that are still to be asked about. */
  readonly left: string[];
  readonly entries: Entry[];
  unnamedBecause?: string;
}

export class SwitchComparison {
  readonly #ports: ComparisonPorts;
  readonly #waiting: { readonly asker: Asker; readonly request: CompareRequest }[] = [];
  #isAsking = false;

  constructor(ports: ComparisonPorts) {
    this.#ports = ports;
  }

  asked(asker: Asker, request: CompareRequest): void {
    const about = { key: 'the configuration', before: null, after: null };
    const verdict = mayReadHistory(asker.person, about, this.#ports.configuration());
    if (!verdict.ok) return this.#refuse(asker, request, 'not-allowed', verdict.text);
    if (this.#waiting.length >= COMPARISONS_WAITING_MAX) {
      const text = `${COMPARISONS_WAITING_MAX} comparisons wait already. Try again in a few seconds.`;
      return this.#refuse(asker, request, 'overloaded', text);
    }
    this.#waiting.push({ asker, request });
    this.#goOn();
  }

  #goOn(): void {
    while (!this.#isAsking) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#begin(next.asker, next.request);
    }
  }

  #begin(asker: Asker, request: CompareRequest): void {
    const configuration = this.#ports.configuration();
    const found = pairsFor(configuration, request.switches);
    if ('text' in found) return this.#refuse(asker, request, 'not-found', found.text);
    const hidden = request.switches && unreadable(configuration, asker.person, request.switches);
    if (hidden !== undefined) return this.#refuse(asker, request, 'not-allowed', hidden);
    const compared = found
      .filter(({ pair }) => unreadable(configuration, asker.person, pair.switches) === undefined)
      .map(({ pair, isKeptAlike }) => ({
        ...{ pair, isKeptAlike },
        ...seenBy(asker.person, configuration, comparedOnce(configuration, pair, this.#ports.hashes), pair),
      }));
    const { revision } = configuration;
    this.#search({ asker, request, revision, compared, left: keysOf(compared), entries: [] });
  }

  /** The store is asked about one object at a time: others want to read their history too. */
  #search(search: Search): void {
    const session = this.#ports.session();
    if (session === undefined && search.left.length > 0) search.unnamedBecause = NO_HISTORY;
    const key = search.left.pop();
    if (session === undefined || key === undefined) return this.#tell(search);
    this.#isAsking = true;
    session.history({ key, limit: ENTRIES_MAX }, (_now, answer) => {
      this.#isAsking = false;
      if (answer.type === 'history') {
        search.entries.push(...answer.entries);
        this.#search(search);
      } else {
        // What has been edited lately is known without it.
        search.entries.push(...session.recent);
        search.unnamedBecause = answer.because;
        this.#tell(search);
      }
      this.#goOn();
    });
  }

  #tell({ asker, request, revision, compared, entries, unnamedBecause }: Search): void {
    const configuration = this.#ports.configuration();
    const seen = entries.map((entry) => ({
      ...entry,
      changes: entry.changes.filter((change) => mayReadHistory(asker.person, change, configuration).ok),
    }));
    this.#ports.reply(asker.connection, {
      ...{ type: 'SwitchesCompared', ReferenceID: request.ReferenceID, revision },
      pairs: compared.map((one) => told(one, seen)),
      ...(unnamedBecause === undefined ? {} : { unnamedBecause }),
    });
  }

  #refuse({ connection }: Asker, { ReferenceID }: CompareRequest, code: ErrorCode, text: string): void {
    this.#ports.reply(connection, { type: 'Error', ReferenceID, code, text });
  }
}

type Found = Pick<Compared, 'pair' | 'isKeptAlike'>;

/** All that are kept alike, or the two that are asked about, whether or not they are. */
function pairsFor(
  configuration: Configuration,
  switches: CompareRequest['switches'],
): readonly Found[] | { readonly text: string } {
  const kept = syncPairs(configuration, configuration.all('Switch'));
  if (switches === undefined) return kept.map((pair) => ({ pair, isKeptAlike: true }));
  const known = kept.find((pair) => switches.every((name) => pair.switches.includes(name)));
  if (known !== undefined && switches[0] !== switches[1]) return [{ pair: known, isKeptAlike: true }];
  const asked = pairAsked(configuration, { switches, master: switches[0] });
  if ('pair' in asked) return [{ pair: asked.pair, isKeptAlike: false }];
  return { text: asked.problems.map(({ object, text }) => `${object}: ${text}`).join(' ') };
}

/** Why they are not shown. */
function unreadable(
  configuration: Configuration,
  person: Person,
  switches: readonly string[],
): string | undefined {
  for (const name of switches) {
    const object = configuration.get('Switch', name);
    const verdict = object && mayRead(person, object, configuration);
    if (verdict?.ok === false) return verdict.text;
  }
  return undefined;
}

type Result = Pick<Compared, 'digests' | 'drift'>;

/** Half a second of work at 10,000 agents: done once a revision, however many ask. */
const COMPARED = new WeakMap<Configuration, Map<string, Result>>();

function comparedOnce(
  configuration: Configuration,
  pair: SyncPair,
  { sha256 }: ComparisonPorts['hashes'],
): Result {
  const known = COMPARED.get(configuration) ?? new Map<string, Result>();
  COMPARED.set(configuration, known);
  const name = JSON.stringify([pair.switches, pair.places, [...pair.ownOptions]]);
  const former = known.get(name);
  if (former !== undefined) return former;
  const [one, other] = pair.switches;
  const result: Result = {
    digests: [
      switchDigest(configuration, one, pair, sha256),
      switchDigest(configuration, other, pair, sha256),
    ],
    drift: drift(configuration, pair),
  };
  known.set(name, result);
  return result;
}

/** CS8: of objects that the person may read; what is missing is shown with its twin. */
function seenBy(
  person: Person,
  configuration: Configuration,
  { digests, drift: { differences, findings } }: Result,
  pair: SyncPair,
): Result {
  const isShown = (key: string) => {
    const object = configuration.get(...splitKey(key));
    return object === undefined || mayRead(person, object, configuration).ok;
  };
  return {
    digests,
    drift: {
      differences: differences.filter((difference) => twinKeys(difference, pair).every(isShown)),
      findings: findings.filter(({ object }) => isShown(object)),
    },
  };
}

/** The last comes first, as they are taken from the end. */
function keysOf(compared: readonly Compared[]): string[] {
  const keys = compared.flatMap(({ drift: { differences }, pair }) =>
    differences.slice(0, DIFFERENCES_TOLD_MAX).flatMap((difference) => twinKeys(difference, pair)),
  );
  return [...new Set(keys)].slice(0, OBJECTS_ASKED_MAX).reverse();
}

function told(
  { pair, isKeptAlike, digests, drift: { differences, findings } }: Compared,
  entries: readonly Entry[],
): ComparedSwitches {
  const shown = differences.slice(0, DIFFERENCES_TOLD_MAX);
  return {
    ...{ switches: [...pair.switches], isKeptAlike, places: pair.places },
    ...{ ownOptions: [...pair.ownOptions].join(','), digests: [...digests] },
    differences: withEditors(shown, pair, entries),
    more: differences.length - shown.length,
    findings: toldFindings(syncWarnings(findings)),
  };
}
