/**
 * Gathers what `quick-fields` reads during the pass over a head, so that the message is born remembering it. A
 * field that could not be read quickly, or stands twice where it should stand once, is left to the accessors:
 * they read it from its text when they are asked.
 */
import { CALL_ID, CONTACT, CSEQ, FROM, RECORD_ROUTE, ROUTE, TO, VIA } from './header-names.ts';
import { LIST_COUNT_MAX } from './limits.ts';
import type { NameAddr, Via } from './message.ts';
import { isQuickCallId, quickCSeq, quickNameAddr, quickVia } from './quick-fields.ts';
import { Memory } from './remembering-message.ts';

const NONE: readonly NameAddr[] = [];

export class QuickCollector {
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly #memory = new Memory();
  /** Fields that have stood before, and those that are left to the accessors. */
  #seen = 0;
  #left = 0;

  constructor(bytes: Uint8Array, text: string) {
    this.bytes = bytes;
    this.text = text;
  }

  /** The value of one field, all ASCII and not folded, that lies between these indices. */
  collect(field: number, value: string, start: number, end: number): void {
    const memory = this.#memory;
    const isFirst = (this.#seen & field) === 0;
    this.#seen |= field;
    switch (field) {
      case VIA:
        memory.vias = this.#added(field, memory.vias, quickVia(this, start, end));
        break;
      case CONTACT:
        memory.contacts = this.#added(field, memory.contacts as NameAddr[], quickNameAddr(this, start, end));
        break;
      case ROUTE:
        memory.routes = this.#added(field, memory.routes, quickNameAddr(this, start, end));
        break;
      case RECORD_ROUTE:
        memory.recordRoutes = this.#added(field, memory.recordRoutes, quickNameAddr(this, start, end));
        break;
      case FROM:
        if (isFirst) memory.from = quickNameAddr(this, start, end);
        break;
      case TO:
        if (isFirst) memory.to = quickNameAddr(this, start, end);
        break;
      case CSEQ:
        if (isFirst) memory.cseq = quickCSeq(this, start, end);
        break;
      case CALL_ID:
        if (isFirst && isQuickCallId(this, start, end)) memory.callId = value;
        break;
      default:
    }
  }

  /** A field that is not fit for quick reading. */
  leave(field: number): void {
    this.#seen |= field;
    this.#left |= field;
  }

  /** A list with one more element, or undefined from the first element on that could not be read quickly. */
  #added<T>(field: number, list: readonly T[] | null | undefined, element: T | undefined): T[] | undefined {
    if (element === undefined) this.#left |= field;
    if ((this.#left & field) !== 0) return undefined;
    const all = (list ?? []) as T[];
    all.push(element as T);
    if (all.length <= LIST_COUNT_MAX) return all;
    this.#left |= field;
    return undefined;
  }

  memory(): Memory {
    const memory = this.#memory;
    if ((this.#left & VIA) !== 0) memory.vias = undefined;
    if ((this.#left & CONTACT) !== 0) memory.contacts = undefined;
    if ((this.#left & ROUTE) !== 0) memory.routes = undefined;
    if ((this.#left & RECORD_ROUTE) !== 0) memory.recordRoutes = undefined;
    // What has not stood there at all need not be looked for again.
    if ((this.#seen & CONTACT) === 0) memory.contacts = NONE;
    if ((this.#seen & ROUTE) === 0) memory.routes = NONE;
    if ((this.#seen & RECORD_ROUTE) === 0) memory.recordRoutes = NONE;
    memory.topVia = (memory.vias as readonly Via[] | undefined)?.[0];
    return memory;
  }
}
