/** The store of a test: what a database would hold, in virtual time, with its outages. */
import { canonicalText } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import {
  type ConfigObject,
  compareRevisions,
  type Entry,
  objectKey,
  type Revision,
} from '@holdfast/protocol';
import type { CommitRequest, Conflict, Unavailable, VerifyAnswer } from '../store-answers.ts';
import type { StoreAnswer, StoreRequest } from '../store-session.ts';

interface Stored extends Entry {
  readonly id: string;
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
    }
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
    const { note, ...rest } = entry;
    this.entries.push({
      ...rest,
      ...(note === undefined ? {} : { note }),
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
