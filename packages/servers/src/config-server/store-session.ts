/**
 * What a Configuration Server has to do with its store: it asks who writes (CW1), takes over what others have written there, and
 * writes entries while it is the writer. What it holds is good without the store: only editing waits for it.
 */
import {
  asChanges,
  type Changes,
  type Configuration,
  changesBetween,
  makeConfiguration,
} from '@holdfast/centre';
import { type LogLine, type Millis, type Random, randomToken, unreachable } from '@holdfast/kernel';
import { compareRevisions, type Entry, type Revision, revisionText } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import type {
  ConflictsAnswer,
  ConflictsQuery,
  HandInAnswer,
  HandInRequest,
  UnmergedAnswer,
} from './branch-answers.ts';
import { endsAt, tailAfter, tailName } from './lost-tail.ts';
import type {
  BeatAnswer,
  ClaimAnswer,
  CommitAnswer,
  CommitRequest,
  EntriesAnswer,
  HistoryAnswer,
  HistoryQuery,
  PastAnswer,
  StoredConfiguration,
  Unavailable,
  VerifyAnswer,
} from './store-answers.ts';
import {
  ASK_EVERY_MS,
  freshWriter,
  stepWriter,
  WRITER_STALE_MS,
  type WriterEvent,
  type WriterRole,
  type WriterState,
  writerDeadline,
} from './writer-role.ts';

export type StoreRequest =
  | { readonly type: 'claim'; readonly holder: string; readonly staleMs: Millis }
  | { readonly type: 'beat'; readonly epoch: number }
  | { readonly type: 'commit'; readonly request: CommitRequest }
  | { readonly type: 'entriesAfter'; readonly revision: Revision; readonly limit: number }
  | { readonly type: 'history'; readonly query: HistoryQuery }
  | { readonly type: 'objectsAt'; readonly when: Revision | number }
  | { readonly type: 'read' }
  | { readonly type: 'handIn'; readonly branch: HandInRequest }
  | { readonly type: 'unmerged' }
  | { readonly type: 'conflicts'; readonly query: ConflictsQuery }
  | { readonly type: 'verify' };

export type StoreAnswer =
  | ClaimAnswer
  | BeatAnswer
  | CommitAnswer
  | EntriesAnswer
  | HistoryAnswer
  | PastAnswer
  | StoredConfiguration
  | HandInAnswer
  | UnmergedAnswer
  | ConflictsAnswer
  | VerifyAnswer;

/** By these an edit is compared with what others have done since its editor looked (CE8). */
export const RECENT_MAX = 1_000;
export const RECENT_CHANGES_MAX = 20_000;
/** Of one request to the store. */
export const ENTRIES_READ_MAX = 1_000;
/** An entry of which nobody can say whether it was written is asked for again for so long. */
export const COMMIT_MAX_MS = 10_000;

/** An entry as it is to be. */
export type NewEntry = Omit<CommitRequest, 'epoch' | 'id'>;

export type Written =
  | { readonly type: 'committed'; readonly entry: Entry }
  | Extract<CommitAnswer, { type: 'conflict' | 'constraint' | 'epochLost' }>
  /** `mayBeCommitted`: nobody can say. */
  | Extract<CommitAnswer, { type: 'unavailable' }>;

export interface StorePorts {
  /** Name of the Application. */
  readonly application: string;
  readonly random: Random;
  readonly hashes: Pick<Hashes, 'sha256'>;
  request(id: number, request: StoreRequest): void;
  configuration(): Configuration;
  /** The configuration is another now, by these entries; without any the whole was read anew. */
  took(now: Millis, next: Configuration, changes: Changes, entries: readonly Entry[]): void;
  log(line: LogLine): void;
}

interface OpenCommit {
  readonly request: CommitRequest;
  readonly startedAt: Millis;
  readonly done: (now: Millis, written: Written) => void;
  /** It is asked for again then; undefined while it is being asked for. */
  againAt?: Millis | undefined;
}

type Done<Answer> = (now: Millis, answer: Answer) => void;

type Open =
  | { readonly type: 'ask' | 'entries' | 'read' | 'commit' }
  /** Each answer is that to its own request. */
  | { readonly type: 'asked'; readonly done: Done<never> };

/** What was held here and is not in the database any more (CW4). */
export interface LostTail {
  readonly common: Revision;
  readonly entries: readonly Entry[];
}

export class StoreSession {
  readonly #ports: StorePorts;
  #writer: WriterState;
  #revision: Revision;
  /** All that was written before our epoch is held here. */
  #isCurrent = false;
  #commit: OpenCommit | undefined;
  #isReading = false;
  #recent: Entry[];
  #lost: LostTail | undefined;
  /** Since the store was out of reach all of it has been read. */
  #isInStep = false;
  readonly #open = new Map<number, Open>();
  #count = 0;

  /** `revision`: of the configuration that is held; `recent`: the entries that it came from, as far as they are known. */
  constructor(ports: StorePorts, now: Millis, revision: Revision, recent: readonly Entry[] = []) {
    this.#ports = ports;
    this.#writer = freshWriter(now);
    this.#revision = revision;
    this.#recent = endsAt(recent, revision) ? [...recent] : [];
  }

  get role(): WriterRole {
    return this.#writer.role;
  }

  /** The newest entries, the oldest first, without a gap up to what is held. */
  get recent(): readonly Entry[] {
    return this.#recent;
  }

  get revision(): Revision {
    return this.#revision;
  }

  /** It writes, and holds everything that was written before. */
  get isWriting(): boolean {
    return this.role.name === 'writing' && this.#isCurrent;
  }

  /** An entry is on its way to the store, or nobody knows yet whether it is there. */
  get isCommitting(): boolean {
    return this.#commit !== undefined;
  }

  /** The store is in reach, and what is held here was compared with it since. */
  get isInStep(): boolean {
    return this.role.name !== 'cutOff' && this.#isInStep;
  }

  /** What the database has lost, as it was found last. */
  get lost(): LostTail | undefined {
    return this.#lost;
  }

  /** It writes, holds everything that was written before, and nothing is being written. */
  get isFree(): boolean {
    return this.isWriting && this.#commit === undefined;
  }

  nextDeadline(): Millis {
    return Math.min(writerDeadline(this.#writer), this.#commit?.againAt ?? Number.POSITIVE_INFINITY);
  }

  expire(now: Millis): void {
    if (this.#commit?.againAt !== undefined && now >= this.#commit.againAt) this.#ask(now, this.#commit);
    if (now >= writerDeadline(this.#writer)) this.#step(now, { type: 'expire' });
  }

  /** Only while `isFree`. */
  write(now: Millis, entry: NewEntry, done: OpenCommit['done']): void {
    const { role } = this;
    if (role.name !== 'writing') return;
    const id = randomToken(this.#ports.random, 24);
    this.#commit = { request: { ...entry, epoch: role.epoch, id }, startedAt: now, done };
    this.#ask(now, this.#commit);
  }

  history(query: HistoryQuery, done: Done<HistoryAnswer>): void {
    this.#request({ type: 'asked', done }, { type: 'history', query });
  }

  past(when: Revision | number, done: Done<PastAnswer>): void {
    this.#request({ type: 'asked', done }, { type: 'objectsAt', when });
  }

  entriesAfter(revision: Revision, limit: number, done: Done<EntriesAnswer>): void {
    this.#request({ type: 'asked', done }, { type: 'entriesAfter', revision, limit });
  }

  handIn(branch: HandInRequest, done: Done<HandInAnswer>): void {
    this.#request({ type: 'asked', done }, { type: 'handIn', branch });
  }

  unmerged(done: Done<UnmergedAnswer>): void {
    this.#request({ type: 'asked', done }, { type: 'unmerged' });
  }

  conflicts(query: ConflictsQuery, done: Done<ConflictsAnswer>): void {
    this.#request({ type: 'asked', done }, { type: 'conflicts', query });
  }

  verify(done: Done<VerifyAnswer>): void {
    this.#request({ type: 'asked', done }, { type: 'verify' });
  }

  answered(now: Millis, id: number, answer: StoreAnswer): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    switch (open?.type) {
      case undefined:
        return;
      case 'ask':
        return this.#asked(now, answer as ClaimAnswer | BeatAnswer);
      case 'entries':
        return this.#read(now, answer as EntriesAnswer);
      case 'read':
        return this.#readAll(now, answer as StoredConfiguration | Unavailable);
      case 'commit':
        return this.#committed(now, answer as CommitAnswer);
      case 'asked':
        return open.done(now, answer as never);
      default:
        return unreachable(open);
    }
  }

  #step(now: Millis, event: WriterEvent): void {
    const before = this.role;
    const { state, ask } = stepWriter(this.#writer, event, now);
    this.#writer = state;
    if (state.role.name !== before.name) this.#becomes(before, state.role);
    if (ask === undefined) return;
    const { application } = this.#ports;
    this.#request(
      { type: 'ask' },
      ask.epoch === undefined
        ? { type: 'claim', holder: application, staleMs: WRITER_STALE_MS }
        : { type: 'beat', epoch: ask.epoch },
    );
  }

  #becomes(before: WriterRole, role: WriterRole): void {
    if (role.name !== 'writing' || before.name === 'following') this.#isCurrent = false;
    if (role.name === 'cutOff') this.#isInStep = false;
    const level = role.name === 'cutOff' ? 'warn' : 'info';
    const because = role.name === 'cutOff' ? role.because : undefined;
    const detail = role.name === 'writing' ? { epoch: role.epoch } : {};
    const what = WORDS[role.name];
    this.#ports.log({ level, what, detail, ...(because === undefined ? {} : { because }) });
  }

  #asked(now: Millis, answer: ClaimAnswer | BeatAnswer): void {
    this.#step(now, { type: 'answered', answer });
    if (this.role.name === 'following' || !this.#isCurrent) this.#readOn();
  }

  /** What others have written since. */
  #readOn(): void {
    if (this.#isReading || this.role.name === 'cutOff') return;
    this.#isReading = true;
    const request = { revision: this.#revision, limit: ENTRIES_READ_MAX };
    this.#request({ type: 'entries' }, { type: 'entriesAfter', ...request });
  }

  #read(now: Millis, answer: EntriesAnswer): void {
    this.#isReading = false;
    if (answer.type === 'unavailable') return;
    if (answer.type === 'diverged') {
      this.#isReading = true;
      return this.#handBack(answer.common);
    }
    this.#take(now, answer.entries);
    if (compareRevisions(this.#revision, answer.revision) < 0) return this.#readOn();
    this.#isInStep = true;
    if (this.role.name === 'writing') this.#isCurrent = true;
  }

  /** CW4: what the database has lost is there as a branch before anything else is read. */
  #handBack(common: Revision): void {
    const { application } = this.#ports;
    const tail = tailAfter(this.#recent, { common, held: this.#revision });
    const because = `It was ${revisionText(this.#revision)}, and what both have ends at ${revisionText(common)}.`;
    const [first] = tail;
    const what = 'the database goes on from an older revision';
    this.#ports.log({ level: 'error', what, because, detail: { handedBack: tail.length } });
    this.#lost = { common, entries: tail };
    this.#isInStep = false;
    if (first === undefined) return this.#request({ type: 'read' }, { type: 'read' });
    const at = tail.at(-1)?.at ?? first.at;
    const branch = {
      id: tailName(first.revision),
      base: common,
      by: application,
      at,
      from: 0,
      entries: tail,
    };
    this.handIn(branch, (_now, answer) => {
      // What the database cannot hold it could not hold before either.
      if (answer.type === 'handedIn' || answer.type === 'refused')
        return this.#request({ type: 'read' }, { type: 'read' });
      // It is asked again with the next sign of life.
      this.#isReading = false;
    });
  }

  #readAll(now: Millis, answer: StoredConfiguration | Unavailable): void {
    this.#isReading = false;
    if (answer.type === 'unavailable') return;
    this.#revision = answer.revision;
    this.#recent = [];
    this.#isInStep = true;
    const { objects } = answer;
    const next = makeConfiguration(objects, this.#ports.hashes.sha256, revisionText(answer.revision));
    this.#ports.took(now, next, changesBetween(this.#ports.configuration().objects, objects), []);
  }

  /** Those that are already held are passed over: an own entry may be read before its commit is answered. */
  #take(now: Millis, read: readonly Entry[]): void {
    const entries = read.filter(({ revision }) => compareRevisions(revision, this.#revision) > 0);
    const last = entries.at(-1);
    if (last === undefined) return;
    let next = this.#ports.configuration();
    const before = next.objects;
    for (const { changes, revision } of entries) next = next.with(asChanges(changes), revisionText(revision));
    this.#revision = last.revision;
    this.#recent = newest([...this.#recent, ...entries]);
    const [only, ...more] = entries;
    const changes =
      more.length === 0 && only ? asChanges(only.changes) : changesBetween(before, next.objects);
    this.#ports.took(now, next, changes, entries);
  }

  #ask(now: Millis, commit: OpenCommit): void {
    commit.againAt = undefined;
    if (now >= commit.startedAt + COMMIT_MAX_MS) {
      this.#commit = undefined;
      const because = 'The database did not say whether it was written.';
      return commit.done(now, { type: 'unavailable', because, mayBeCommitted: true });
    }
    this.#request({ type: 'commit' }, { type: 'commit', request: commit.request });
  }

  #committed(now: Millis, answer: CommitAnswer): void {
    const commit = this.#commit;
    if (commit === undefined) return;
    if (answer.type === 'unavailable' && answer.mayBeCommitted) {
      commit.againAt = now + ASK_EVERY_MS;
      return;
    }
    this.#commit = undefined;
    if (answer.type === 'epochLost') this.#step(now, { type: 'overtaken' });
    if (answer.type !== 'committed') {
      // What is stored is not what is held here.
      if (answer.type === 'conflict') this.#readOn();
      return commit.done(now, answer);
    }
    const { at, author, note, changes, merges, resolves } = commit.request;
    const entry = {
      ...{ revision: answer.revision, at, author, changes: [...changes] },
      ...(note === undefined ? {} : { note }),
      ...(merges === undefined ? {} : { merges }),
      ...(resolves === undefined ? {} : { resolves }),
    };
    this.#take(now, [entry]);
    commit.done(now, { type: 'committed', entry });
  }

  #request(open: Open, request: StoreRequest): void {
    this.#count += 1;
    this.#open.set(this.#count, open);
    this.#ports.request(this.#count, request);
  }
}

export function newest(entries: readonly Entry[]): Entry[] {
  let changes = 0;
  let from = entries.length;
  while (from > 0 && entries.length - from < RECENT_MAX && changes < RECENT_CHANGES_MAX) {
    from -= 1;
    changes += entries[from]?.changes.length ?? 0;
  }
  return entries.slice(from);
}

const WORDS = {
  cutOff: 'the configuration database cannot be reached: nothing is edited, everything else goes on',
  following: 'another Configuration Server writes',
  writing: 'this Configuration Server writes',
} as const;
