/** What one connection wants to hear of (CS9): everything, a type of object, or one object. */
import { type Changes, type Configuration, splitKey } from '@holdfast/centre';
import { type ConfigReply, type Entry, nameOf } from '@holdfast/protocol';
import { heardBy } from './reading.ts';
import { changesVisibleTo, type Viewer } from './visible-objects.ts';

/** Subscriptions of one connection; a client asks for types, not for single objects. */
export const SUBSCRIPTIONS_MAX = 64;

export interface Subscription {
  /** Undefined means all objects. */
  readonly objectType?: string;
  readonly name?: string | undefined;
}

export class Subscriptions {
  readonly #all: Subscription[] = [];

  get size(): number {
    return this.#all.length;
  }

  /** False when there are as many as there may be. */
  add({ objectType, name }: Subscription): boolean {
    if (this.#all.some((one) => one.objectType === objectType && one.name === name)) return true;
    if (this.#all.length >= SUBSCRIPTIONS_MAX) return false;
    this.#all.push({ ...(objectType === undefined ? {} : { objectType }), name });
    return true;
  }

  /** The part of the changes that concerns it. */
  concerned({ changed, deleted }: Changes): Changes {
    return {
      changed: changed.filter((object) => this.#concerns(object.objectType, nameOf(object))),
      deleted: deleted.filter((key) => this.#concerns(...splitKey(key))),
    };
  }

  #concerns(type: string, name: string): boolean {
    return this.#all.some(
      (one) =>
        one.objectType === undefined ||
        (one.objectType === type && (one.name === undefined || one.name === name)),
    );
  }
}

interface Subscriber {
  readonly viewer?: Viewer;
  readonly subscriptions: Subscriptions;
  /** Of who has logged in. */
  readonly session?: { readonly person: string } | undefined;
}

/** What a revision is told whom (CS9), by connection. */
export function* subscribersNews(
  clients: Iterable<readonly [string, Subscriber]>,
  before: Configuration,
  configuration: Configuration,
  changes: Changes,
  entries: readonly Entry[],
): Iterable<readonly [string, ConfigReply]> {
  // What one kind of viewer sees is compared once, not once for each client.
  const seenBy = new Map<Viewer, Changes>();
  const { revision } = configuration;
  for (const [connection, { viewer, subscriptions, session }] of clients) {
    if (viewer === undefined || subscriptions.size === 0) continue;
    let seen = seenBy.get(viewer);
    if (seen === undefined) {
      seen = changesVisibleTo(viewer, before, changes);
      seenBy.set(viewer, seen);
    }
    const reader = { viewer, person: session?.person };
    const { changed, deleted } = heardBy(configuration, before, reader, subscriptions.concerned(seen));
    // Also without any object of interest: the client learns which revision is served.
    const news = { type: 'Changed' as const, revision, objects: [...changed], deleted: [...deleted] };
    // CX3: whoever keeps a copy keeps what it came from.
    const withEntries = viewer === 'config' && entries.length > 0;
    yield [connection, withEntries ? { ...news, entries: [...entries] } : news];
  }
}
