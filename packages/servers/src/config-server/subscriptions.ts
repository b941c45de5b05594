/** What one connection wants to hear of (CS9): everything, a type of object, or one object. */
import { type Changes, splitKey } from '@holdfast/centre';
import { nameOf } from '@holdfast/protocol';

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
