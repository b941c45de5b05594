/**
 * The branch of a site that is cut off (CW2): while the store is out of reach, edits are kept here on top of the last revision of
 * the main line, and hold at this site alone. When the store answers again the branch is handed in; what is served stays the
 * branch until its merge is seen, so that nothing that was acknowledged goes away in between.
 *
 *     none ──an edit, cut off for 10 s──▶ held ──the store answers──▶ handed in ──its merge is seen──▶ none
 *                                          ▲                             │
 *                                          └──────── cut off again ◀─────┘      it grows, and is merged again
 */
import { asChanges, type Changes, type Configuration, changesBetween } from '@holdfast/centre';
import { type LogLine, type Millis, type Random, randomToken, unreachable } from '@holdfast/kernel';
import {
  BRANCH_ENTRIES_MAX,
  type Branch,
  CHANGES_MAX,
  compareRevisions,
  type Entry,
  type Revision,
  revisionText,
} from '@holdfast/protocol';
import type { HandInAnswer, MergedSoFar } from './branch-answers.ts';
import { isSameRevision, mainRevisionOf } from './revision-of.ts';
import type { NewEntry, StoreSession, Written } from './store-session.ts';

/** So long the store may be out of reach before edits are kept here: a database that changes its primary is back by then. */
export const BRANCH_AFTER_MS = 10_000;
/** A branch that could not be handed in is handed in again after so long. */
const HAND_IN_AGAIN_MS = 1_000;
/** While its merge is not seen it is asked whether it is still there: a database that is promoted may have lost it. */
const HAND_IN_CHECK_MS = 10_000;

export type BranchFileRequest =
  /** On the disk before it is answered; the first one begins the branch. */
  | {
      readonly type: 'keep';
      readonly branch: string;
      readonly base: Revision;
      readonly entry: Entry;
    }
  | { readonly type: 'remove'; readonly branch: string };

/** To `keep`. */
export type BranchFileAnswer =
  | { readonly type: 'kept' }
  | { readonly type: 'notKept'; readonly because: string };

export interface BranchPorts {
  readonly application: string;
  readonly random: Random;
  readonly session: StoreSession;
  main(): Configuration;
  file(request: BranchFileRequest): void;
  /** What is to be served is another now. */
  served(now: Millis, next: Configuration, changes: Changes, entries: readonly Entry[]): void;
  /** It may be merged. */
  handedIn(now: Millis): void;
  wall(now: Millis): Millis;
  log(line: LogLine): void;
}

interface Keeping {
  readonly entry: Entry;
  readonly done: (now: Millis, written: Written) => void;
}

/** A branch whose base a promoted database has lost too: it stands on what both have, with what was lost before it. */
interface Rebase {
  readonly base: Revision;
  readonly lost: readonly Entry[];
}

export class BranchLine {
  readonly #ports: BranchPorts;
  /** False: there is no file to keep it in. */
  readonly #isKept: boolean;
  #branch: Branch | undefined;
  /** Base and branch; undefined where what is served is another line. */
  #view: Configuration | undefined;
  #keeping: Keeping | undefined;
  #changes = 0;
  #rebase: Rebase | undefined;
  /** Of its entries so many are in the store, as far as that is known. */
  #handedIn = 0;
  #isAsking = false;
  #askAt: Millis = 0;
  #merged: MergedSoFar | undefined;
  /** Said once. */
  #trouble = '';

  /** `file`: where there is one, what it holds. */
  constructor(ports: BranchPorts, file: { readonly branch?: Branch | undefined } | undefined) {
    this.#ports = ports;
    this.#isKept = file !== undefined;
    this.#branch = file?.branch;
    if (this.#branch === undefined) return;
    const { base, entries } = this.#branch;
    this.#changes = changesIn(entries);
    if (isSameRevision(base, ports.session.revision)) this.#view = laidOver(ports.main(), entries);
    const because = this.#view === undefined ? 'What is served is another line.' : undefined;
    this.#log('info', 'edits of this site wait to be handed in', because);
  }

  /** What is served instead of the main line. */
  get view(): Configuration | undefined {
    return this.#view;
  }

  /** The newest entries of what is served, the oldest first, without a gap. */
  get recent(): readonly Entry[] {
    const { recent } = this.#ports.session;
    if (this.#view === undefined || this.#branch === undefined) return recent;
    const { base, entries } = this.#branch;
    return [...recent.filter(({ revision }) => compareRevisions(revision, base) <= 0), ...entries];
  }

  nextDeadline(): Millis {
    return this.#mustHandIn() ? this.#askAt : Number.POSITIVE_INFINITY;
  }

  /** Why no edit is kept here now; undefined: it is. */
  closed(now: Millis): string | undefined {
    const { role, isCommitting } = this.#ports.session;
    if (role.name !== 'cutOff') return 'The database is back.';
    if (!this.#isKept) return 'This Configuration Server has no folder (--data) to keep edits in.';
    const primary = this.#primary();
    if (primary !== undefined)
      return `"${primary}" keeps the edits of this site while the database is away: edit there.`;
    if (this.#branch !== undefined && this.#view === undefined)
      return 'Edits of an earlier time without the database wait here to be handed in.';
    if ((this.#branch?.entries.length ?? 0) >= BRANCH_ENTRIES_MAX || this.#changes >= CHANGES_MAX)
      return 'No more edits are kept here: they are as many as one branch holds.';
    const waitedMs = now - role.since;
    if (this.#branch === undefined && (waitedMs < BRANCH_AFTER_MS || isCommitting))
      return `From ${BRANCH_AFTER_MS / 1_000} s on edits are kept at this site.`;
    return undefined;
  }

  /** Only while not `closed`, and one after the other. */
  write(now: Millis, { at, author, note, changes }: NewEntry, done: Keeping['done']): void {
    const { random, session, main } = this.#ports;
    const base = this.#branch?.base ?? mainRevisionOf(session.revision);
    const { id, entries } = this.#branch ?? { id: randomToken(random, 24), entries: [] };
    const revision = { ...base, ahead: entries.length + 1 };
    const entry: Entry = {
      ...{ revision, at, author, changes: [...changes] },
      ...(note === undefined ? {} : { note }),
    };
    if (isUnstorable(entry)) {
      const text =
        'A text has a character that no database holds (U+0000, or half of a surrogate pair). Remove it.';
      return done(now, { type: 'constraint', rule: 'CD5', objects: [], text });
    }
    this.#branch ??= { id, base, entries };
    this.#view ??= main();
    this.#keeping = { entry, done };
    this.#ports.file({ type: 'keep', branch: id, base, entry });
  }

  kept(now: Millis, answer: BranchFileAnswer): void {
    const { entry, done } = this.#keeping ?? {};
    this.#keeping = undefined;
    if (entry === undefined || done === undefined || this.#branch === undefined) return;
    if (answer.type === 'notKept') {
      this.#endIfEmpty(now);
      const { because } = answer;
      return done(now, { type: 'unavailable', because, mayBeCommitted: false });
    }
    const { entries } = this.#branch;
    this.#branch = { ...this.#branch, entries: [...entries, entry] };
    this.#changes += entry.changes.length;
    if (entries.length === 0)
      this.#log('warn', 'edits are held at this site', 'The database cannot be reached.');
    const changes = asChanges(entry.changes);
    this.#view = (this.#view ?? this.#ports.main()).with(changes, revisionText(entry.revision));
    this.#ports.served(now, this.#view, changes, [entry]);
    this.#askAt = now;
    done(now, { type: 'committed', entry });
    this.goOn(now);
  }

  /** The main line is another. True where that is not what is served. */
  mainMoved(now: Millis, entries: readonly Entry[]): boolean {
    const name = this.#branch && this.#nameOf(this.#branch);
    const own = entries.findLast(({ merges }) => merges !== undefined && merges.branch === name);
    if (own?.merges !== undefined) this.#merged = { entries: own.merges.entries, revision: own.revision };
    // It was read as a whole: the store says whether the merge was before that.
    if (entries.length === 0) this.#askAt = now;
    const wasView = this.#view !== undefined;
    this.goOn(now);
    return wasView;
  }

  goOn(now: Millis): void {
    if (this.#isMerged()) return this.#end(now);
    if (this.#mustHandIn() && now >= this.#askAt) this.#handIn(now);
  }

  #mustHandIn(): boolean {
    if (this.#branch === undefined || this.#keeping !== undefined || this.#isAsking) return false;
    return this.#ports.session.isInStep && this.#branch.entries.length > 0;
  }

  /** With what was lost before it, it is another one. */
  #nameOf({ id }: Branch): string {
    return this.#rebase === undefined ? id : `${id}-${this.#rebase.lost.length}`;
  }

  /** As the store has them: with what was lost before it. */
  #total(): number {
    return (this.#rebase?.lost.length ?? 0) + (this.#branch?.entries.length ?? 0);
  }

  #isMerged(): boolean {
    if (this.#branch === undefined || this.#merged === undefined || this.#keeping !== undefined) return false;
    const { entries, revision } = this.#merged;
    if (entries < this.#total()) return false;
    return this.#view === undefined || compareRevisions(this.#ports.session.revision, revision) >= 0;
  }

  #handIn(now: Millis): void {
    const { application: by, session, wall } = this.#ports;
    const branch = this.#branch as Branch;
    const all = [...(this.#rebase?.lost ?? []), ...branch.entries];
    const from = this.#handedIn;
    this.#isAsking = true;
    const base = this.#rebase?.base ?? branch.base;
    const asked = { id: this.#nameOf(branch), base, by, at: wall(now), from };
    session.handIn({ ...asked, entries: all.slice(from) }, (at, answer) => {
      this.#isAsking = false;
      this.#handInAnswered(at, answer);
    });
  }

  #handInAnswered(now: Millis, answer: HandInAnswer): void {
    this.#askAt = now + HAND_IN_AGAIN_MS;
    switch (answer.type) {
      case 'handedIn':
        this.#handedIn = answer.entries;
        this.#merged = answer.merged ?? this.#merged;
        this.#askAt = now + (answer.entries < this.#total() ? 0 : HAND_IN_CHECK_MS);
        this.#ports.handedIn(now);
        this.#log('info', 'edits of this site are handed in', `${answer.entries} entries`);
        break;
      case 'diverged':
        this.#standOn(answer.common);
        this.#askAt = now;
        break;
      case 'refused':
        this.#handedIn = 0;
        this.#log('error', 'edits of this site cannot be handed in', answer.because);
        break;
      case 'unavailable':
        this.#handedIn = 0;
        break;
      default:
        unreachable(answer);
    }
    this.goOn(now);
  }

  /** CW4: the database has lost the base too. What was between the two comes with the branch. */
  #standOn(common: Revision): void {
    const { base } = this.#branch as Branch;
    const { lost } = this.#ports.session;
    const isKnown = lost !== undefined && isSameRevision(lost.common, common);
    const before = isKnown
      ? lost.entries.filter(({ revision }) => compareRevisions(revision, base) <= 0)
      : [];
    this.#rebase = { base: common, lost: before };
    this.#merged = undefined;
    this.#handedIn = 0;
    const because = `Its base ${revisionText(base)} is lost; both have ${revisionText(common)}.`;
    this.#log('warn', 'edits of this site come with what the database has lost', because);
  }

  #endIfEmpty(now: Millis): void {
    if (this.#branch?.entries.length === 0) this.#end(now);
  }

  #end(now: Millis): void {
    const view = this.#view;
    const { id, base, entries } = this.#branch as Branch;
    const { session, main, served, file } = this.#ports;
    this.#branch = undefined;
    this.#view = undefined;
    this.#rebase = undefined;
    this.#merged = undefined;
    this.#handedIn = 0;
    this.#changes = 0;
    file({ type: 'remove', branch: id });
    if (entries.length > 0)
      this.#ports.log({ level: 'info', what: 'edits of this site are merged', detail: { branch: id } });
    if (view === undefined || view === main()) return;
    const news = session.recent.filter(({ revision }) => compareRevisions(revision, base) > 0);
    // With a gap they would not lead to what is served now.
    const isWhole = news[0]?.revision.number === base.number + 1;
    served(now, main(), changesBetween(view.objects, main().objects), isWhole ? news : []);
  }

  /** The other member of this pair, where this is the backup: a site has one branch. */
  #primary(): string | undefined {
    const { application, main } = this.#ports;
    return main()
      .all('Application')
      .find(
        ({ type, enabled, backup }) => type === 'ConfigurationServer' && enabled && backup === application,
      )?.name;
  }

  #log(level: LogLine['level'], what: string, because?: string): void {
    if (`${what}${because}` === this.#trouble) return;
    this.#trouble = `${what}${because}`;
    const { id, base, entries } = this.#branch ?? { id: '', base: { epoch: 0, number: 0 }, entries: [] };
    const detail = { branch: id, base: revisionText(base), entries: entries.length };
    this.#ports.log({ level, what, detail, ...(because === undefined ? {} : { because }) });
  }
}

function laidOver(main: Configuration, entries: readonly Entry[]): Configuration {
  let next = main;
  for (const { changes, revision } of entries) next = next.with(asChanges(changes), revisionText(revision));
  return next;
}

function changesIn(entries: readonly Entry[]): number {
  return entries.reduce((sum, { changes }) => sum + changes.length, 0);
}

/** JSON writes such characters, and no others, by these escapes. */
function isUnstorable(entry: Entry): boolean {
  return /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(JSON.stringify(entry));
}
