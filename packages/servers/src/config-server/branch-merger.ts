/**
 * The writer looks for branches that were handed in and brings them into the main line, the oldest first, each as one entry with the
 * conflicts that it leaves (CW3). Edits wait while a merge is written; gathering what it needs keeps nobody waiting.
 *
 *     ──every 2 s──▶ is there one? ──▶ objects at its base ──▶ entries since ──▶ merged, and written
 */
import { type Configuration, changesBetween, placesOfDNs, splitKey } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import { type ConfigObject, compareRevisions, type Entry, objectKey, revisionText } from '@holdfast/protocol';
import type { UnmergedBranch } from './branch-answers.ts';
import { leaveAll, type Merged, mergeHandedIn } from './merge-handed-in.ts';
import { ENTRIES_READ_MAX, type StoreSession, type Written } from './store-session.ts';

/** How often the writer looks. */
export const MERGE_EVERY_MS = 2_000;
/** A branch is merged by entries while the main line has no more than these since; then by the difference of the objects. */
const MAIN_ENTRIES_MAX = 20_000;

export interface MergerPorts {
  readonly application: string;
  readonly session: StoreSession;
  main(): Configuration;
  wall(now: Millis): Millis;
  /** What waited for the merge may go on. */
  done(now: Millis): void;
  log(line: LogLine): void;
}

interface Gathered {
  readonly branch: UnmergedBranch;
  readonly base: readonly ConfigObject[];
  /** Of the main line since, without a gap. */
  readonly entries: readonly Entry[];
  /** Why nothing of it can be merged by rule. */
  readonly because?: string | undefined;
}

type State =
  | { readonly name: 'idle'; readonly at: Millis }
  | { readonly name: 'asking' }
  /** The next free moment of the session is its own. */
  | { readonly name: 'ready'; readonly gathered: Gathered }
  | { readonly name: 'writing' };

export class BranchMerger {
  readonly #ports: MergerPorts;
  #state: State = { name: 'idle', at: 0 };

  constructor(ports: MergerPorts) {
    this.#ports = ports;
  }

  /** Edits wait. */
  get holds(): boolean {
    return this.#state.name === 'ready' || this.#state.name === 'writing';
  }

  nextDeadline(): Millis {
    const isDue = this.#state.name === 'idle' && this.#ports.session.isWriting;
    return isDue && this.#state.name === 'idle' ? this.#state.at : Number.POSITIVE_INFINITY;
  }

  /** Something was handed in just now. */
  soon(now: Millis): void {
    if (this.#state.name === 'idle') this.#state = { name: 'idle', at: now };
  }

  goOn(now: Millis): void {
    const { session } = this.#ports;
    if (this.#state.name === 'ready') {
      if (!session.isWriting) this.#rest(now);
      else if (session.isFree) this.#merge(now, this.#state.gathered);
    } else if (this.#state.name === 'idle' && session.isWriting && now >= this.#state.at) this.#look();
  }

  #rest(now: Millis, forMs = MERGE_EVERY_MS): void {
    this.#state = { name: 'idle', at: now + forMs };
  }

  #look(): void {
    this.#state = { name: 'asking' };
    this.#ports.session.unmerged((now, answer) => {
      if (answer.type === 'unavailable' || answer.branch === undefined) return this.#rest(now);
      this.#readBase(answer.branch);
    });
  }

  #readBase(branch: UnmergedBranch): void {
    this.#ports.session.past(branch.base, (now, answer) => {
      if (answer.type === 'unavailable') return this.#rest(now);
      if (answer.type === 'past') return this.#readEntries({ branch, base: answer.objects, entries: [] });
      this.#ready({ branch, base: [], entries: [], because: answer.because });
    });
  }

  #readEntries(gathered: Gathered): void {
    const { session, main } = this.#ports;
    const after = gathered.entries.at(-1)?.revision ?? gathered.branch.base;
    session.entriesAfter(after, ENTRIES_READ_MAX, (now, answer) => {
      if (answer.type !== 'entries') return this.#rest(now);
      const entries = [...gathered.entries, ...answer.entries];
      const last = entries.at(-1)?.revision ?? gathered.branch.base;
      if (entries.length > MAIN_ENTRIES_MAX) {
        const all = [{ ...differenceAs(main(), gathered.base, entries), revision: session.revision }];
        return this.#ready({ ...gathered, entries: all });
      }
      if (compareRevisions(last, answer.revision) < 0) return this.#readEntries({ ...gathered, entries });
      this.#ready({ ...gathered, entries });
    });
  }

  /** Its caller lets whoever waits go on. */
  #ready(gathered: Gathered): void {
    this.#state = { name: 'ready', gathered };
  }

  #merge(now: Millis, gathered: Gathered): void {
    const { branch, because } = gathered;
    const { session, main } = this.#ports;
    const last = gathered.entries.at(-1)?.revision ?? branch.base;
    const since = session.recent.filter(({ revision }) => compareRevisions(revision, last) > 0);
    const reached = since.at(-1)?.revision ?? last;
    const isWhole = since.length === 0 || since[0]?.revision.number === last.number + 1;
    if (because === undefined && (!isWhole || compareRevisions(reached, session.revision) !== 0)) {
      // More has been written meanwhile than is at hand.
      this.#state = { name: 'asking' };
      return this.#readEntries(gathered);
    }
    const places = placesOfDNs(main().all('Place'));
    const handedIn = {
      ...{ branch, base: gathered.base, main: [...gathered.entries, ...since], configuration: main() },
      placeOf: (dn: string) => places.get(dn),
    };
    const merged = because === undefined ? mergeHandedIn(handedIn) : leaveAll(handedIn, because);
    this.#write(now, branch, merged, (at, written) => {
      if (written.type !== 'constraint') return this.#written(at, branch, merged, written);
      // What the checks allow and the database does not: all of it is left to people.
      const left = leaveAll(handedIn, written.text);
      this.#write(at, branch, left, (later, again) => this.#written(later, branch, left, again));
    });
  }

  #write(
    now: Millis,
    { id, entries }: UnmergedBranch,
    { changes, conflicts, note }: Merged,
    done: (now: Millis, written: Written) => void,
  ): void {
    const { application, session, wall } = this.#ports;
    this.#state = { name: 'writing' };
    session.write(
      now,
      {
        ...{
          at: Math.floor(wall(now)),
          author: { who: 'merge', from: application },
          note,
          changes,
          conflicts,
        },
        merges: { branch: id, entries: entries.length },
      },
      done,
    );
  }

  #written(now: Millis, branch: UnmergedBranch, { changes, conflicts }: Merged, written: Written): void {
    const isDone = written.type === 'committed';
    // There may be others; and what was in the way is looked at anew.
    this.#rest(now, isDone || written.type === 'conflict' ? 0 : MERGE_EVERY_MS);
    if (isDone) {
      const detail = {
        branch: branch.id,
        revision: revisionText(written.entry.revision),
        entries: branch.entries.length - branch.merged,
        objects: changes.length,
        conflicts: conflicts.filter(({ kind }) => kind === 'conflict').length,
        stricter: conflicts.filter(({ kind }) => kind === 'stricter').length,
      };
      this.#ports.log({
        level: detail.conflicts > 0 ? 'warn' : 'info',
        what: 'edits of a cut-off site merged',
        detail,
      });
    } else {
      const because =
        'because' in written ? written.because : 'text' in written ? written.text : written.type;
      this.#ports.log({ level: 'warn', what: 'edits of a cut-off site not merged yet', because });
    }
    this.#ports.done(now);
  }
}

/** All that the main line has changed since, as one entry of its last author. */
function differenceAs(
  configuration: Configuration,
  base: readonly ConfigObject[],
  entries: readonly Entry[],
): Entry {
  const former = new Map(base.map((object) => [objectKey(object), object]));
  const { changed, deleted } = changesBetween(base, configuration.objects);
  const keys = [...changed.map(objectKey), ...deleted];
  const changes = keys.map((key) => ({
    key,
    before: former.get(key) ?? null,
    after: configuration.get(...splitKey(key)) ?? null,
  }));
  const { revision, at, author } = entries.at(-1) as Entry;
  return { revision, at, author, changes };
}
