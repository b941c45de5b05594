/** The store of a test: what a database would hold, in virtual time, with its outages. */
import { canonicalText } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import {
  type ConfigObject,
  compareRevisions,
  type Entry,
  objectKey,
  type Revision,
  revisionText,
} from '@holdfast/protocol';
import type { HandInRequest, StoredConflict } from '../branch-answers.ts';
import type { CommitRequest, Conflict, Unavailable, VerifyAnswer } from '../store-answers.ts';
import type { StoreAnswer, StoreRequest } from '../store-session.ts';

interface Stored extends Entry {
  readonly id: string;
}

interface HandedIn extends Omit<HandInRequest, 'entries' | 'from'> {
  readonly entries: Entry[];
}

const AWAY: Unavailable = { type: 'unavailable', because: 'The database is away.' };

export class MemoryStore {
  readonly #objects: Map<string, ConfigObject>;
  readonly #first: readonly ConfigObject[];
  readonly entries: Stored[] = [];
  writer = { epoch: 0, holder: '', seenAt: Number.NEGATIVE_INFINITY };
  isAway = false;
  /** The next commit is done, and its answer is lost. */
  losesAnswer = false;
  /** How often its log was read to see whether it is sound, and what is wrong with it. */
  verified = 0;
  broken: Extract<VerifyAnswer, { type: 'broken' }> | undefined;
  branches: HandedIn[] = [];
  conflicts: Omit<StoredConflict, 'resolvedIn'>[] = [];

  constructor(objects: readonly ConfigObject[]) {
    this.#first = objects;
    this.#objects = new Map(objects.map((object) => [objectKey(object), object]));
  }

  get objects(): ConfigObject[] {
    return [...this.#objects.values()];
  }

  get revision(): Revision {
    return this.entries.at(-1)?.revision ?? { epoch: 0, number: 0 };
  }

  request(now: Millis, request: StoreRequest): StoreAnswer {
    if (this.isAway) return request.type === 'commit' ? { ...AWAY, mayBeCommitted: false } : AWAY;
    const { epoch, holder, seenAt } = this.writer;
    switch (request.type) {
      case 'claim':
        if (now < seenAt + request.staleMs) return { type: 'held', by: holder, epoch, ageMs: now - seenAt };
        this.writer = { epoch: epoch + 1, holder: request.holder, seenAt: now };
        return { type: 'claimed', epoch: epoch + 1, revision: this.revision };
      case 'beat':
        if (request.epoch !== epoch) return { type: 'epochLost', epoch, by: holder };
        this.writer = { ...this.writer, seenAt: now };
        return { type: 'renewed' };
      case 'commit':
        return this.#commit(request.request);
      case 'entriesAfter': {
        const common = this.#common(request.revision);
        if (compareRevisions(common, request.revision) !== 0)
          return { type: 'diverged', common, revision: this.revision };
        const after = this.entries.filter((entry) => compareRevisions(entry.revision, request.revision) > 0);
        return { type: 'entries', entries: after.slice(0, request.limit), revision: this.revision };
      }
      case 'history': {
        const { key, who, limit, before = Number.POSITIVE_INFINITY } = request.query;
        const found = this.entries
          .filter(({ revision }) => revision.number < before)
          .filter(({ author }) => who === undefined || author.who === who)
          .filter(({ changes }) => key === undefined || changes.some((change) => change.key === key))
          .toReversed();
        const entries = found
          .slice(0, limit)
          .map((entry) => ({ ...entry, changeCount: entry.changes.length }));
        return { type: 'history', entries, isLast: found.length <= limit };
      }
      case 'objectsAt':
        return this.#at(request.when);
      case 'read': {
        const writer = { epoch, holder, ageMs: now - seenAt };
        return { type: 'configuration', objects: this.objects, revision: this.revision, writer };
      }
      case 'verify':
        this.verified += 1;
        return this.broken ?? { type: 'sound', entries: this.entries.length, revision: this.revision };
      case 'handIn':
        return this.#handIn(request.branch);
      case 'unmerged':
        return { type: 'unmerged', branch: this.#unmerged() };
      case 'conflicts': {
        const { id, isOpen, limit } = request.query;
        const all = this.conflicts
          .map((one): StoredConflict => {
            const resolvedIn = this.entries.find(({ resolves }) => resolves === one.id)?.revision;
            return { ...one, resolvedIn };
          })
          .filter((one) => (id === undefined ? true : one.id === id))
          .filter(({ kind, resolvedIn }) => !isOpen || (kind === 'conflict' && resolvedIn === undefined));
        return { type: 'conflicts', conflicts: all.slice(0, limit), isLast: all.length <= limit };
      }
    }
  }

  /** Another database takes its place, which has only the entries up to that number (CW4). */
  promote(number: number): void {
    const kept = this.entries.filter(({ revision }) => revision.number <= number);
    this.entries.splice(0, this.entries.length, ...kept);
    this.branches = this.branches.filter(({ base }) => base.number <= number);
    this.conflicts = this.conflicts.filter(({ mergedIn }) => mergedIn.number <= number);
    this.#objects.clear();
    for (const object of this.#first) this.#objects.set(objectKey(object), object);
    for (const { changes } of kept) put(this.#objects, changes);
    this.writer = { epoch: this.writer.epoch + 1_000, holder: '', seenAt: Number.NEGATIVE_INFINITY };
  }

  /** What a follower holds there is not in it (CW4). */
  hasLost(revision: Revision): boolean {
    return compareRevisions(this.#common(revision), revision) !== 0;
  }

  #common({ epoch, number }: Revision): Revision {
    const last = this.entries.findLast(
      ({ revision }) => revision.number <= number && revision.epoch <= epoch,
    );
    return last?.revision ?? { epoch: 0, number: 0 };
  }

  #mergedOf(id: string): { entries: number; revision: Revision } | undefined {
    const last = this.entries.findLast(({ merges }) => merges?.branch === id);
    return last?.merges && { entries: last.merges.entries, revision: last.revision };
  }

  #handIn({ id, base, by, at, from, entries }: HandInRequest): StoreAnswer {
    const common = this.#common(base);
    if (compareRevisions(common, base) !== 0) return { type: 'diverged', common };
    const found = this.branches.find((one) => one.id === id);
    const stored = found ?? { id, base, by, at, entries: [] };
    if (found === undefined) this.branches.push(stored);
    if (from > stored.entries.length) return { type: 'refused', because: 'Entries are missing.' };
    stored.entries.push(...entries.slice(stored.entries.length - from));
    return { type: 'handedIn', entries: stored.entries.length, merged: this.#mergedOf(id) };
  }

  #unmerged() {
    const mergedOf = (id: string) => this.#mergedOf(id)?.entries ?? 0;
    const next = this.branches.find(({ id, entries }) => mergedOf(id) < entries.length);
    if (next === undefined) return undefined;
    const { id, base, by, entries } = next;
    const others = this.branches
      .filter((one) => one.id !== id && revisionText(one.base) === revisionText(base))
      .map((one) => ({
        id: one.id,
        revisions: one.entries.slice(0, mergedOf(one.id)).map(({ revision }) => revision),
      }));
    return { id, base, by, entries: [...entries], merged: mergedOf(id), others };
  }

  #at(when: Revision | number): StoreAnswer {
    const isThen = (entry: Entry) =>
      typeof when === 'number' ? entry.at <= when : compareRevisions(entry.revision, when) <= 0;
    const objects = new Map(this.#first.map((object) => [objectKey(object), object]));
    for (const { changes } of this.entries.filter(isThen)) put(objects, changes);
    return { type: 'past', objects: [...objects.values()], revision: this.revision };
  }

  #commit({ epoch, id, ...entry }: CommitRequest): StoreAnswer {
    const { writer } = this;
    const former = this.entries.find((one) => one.id === id);
    if (former !== undefined) return { type: 'committed', revision: former.revision };
    if (epoch !== writer.epoch) return { type: 'epochLost', epoch: writer.epoch, by: writer.holder };
    const conflicts: Conflict[] = entry.changes.flatMap(({ key, before }) => {
      const stored = this.#objects.get(key) ?? null;
      return canonicalText(stored) === canonicalText(before) ? [] : { key, stored };
    });
    if (conflicts.length > 0) return { type: 'conflict', conflicts };
    const revision = { epoch, number: this.revision.number + 1 };
    const { note, merges, resolves, conflicts: left = [], ...rest } = entry;
    const isDone = (one: Entry) =>
      (resolves !== undefined && one.resolves === resolves) ||
      (merges !== undefined && one.merges?.branch === merges.branch && one.merges.entries >= merges.entries);
    if (this.entries.some(isDone))
      return { type: 'constraint', rule: 'CW3', objects: [], text: 'It has been done already.' };
    this.conflicts.push(...left.map((one) => ({ ...one, mergedIn: revision })));
    this.entries.push({
      ...rest,
      ...(note === undefined ? {} : { note }),
      ...(merges === undefined ? {} : { merges }),
      ...(resolves === undefined ? {} : { resolves }),
      changes: [...entry.changes],
      id,
      revision,
    });
    put(this.#objects, entry.changes);
    if (!this.losesAnswer) return { type: 'committed', revision };
    this.losesAnswer = false;
    return { ...AWAY, mayBeCommitted: true };
  }
}

function put(objects: Map<string, ConfigObject>, changes: CommitRequest['changes']): void {
  for (const { key, after } of changes) {
    if (after === null) objects.delete(key);
    else objects.set(key, after);
  }
}
