/**
 * What a follower holds of the main line may be more than the main line has, after a database was promoted that lacked its end
 * (CW4). So a proxy keeps the last entries, and when it is told another line than that which it followed, it asks up to where the
 * two are the same, and hands back what is lacking there.
 *
 *     another line is told ──▶ owed ──HandBack──▶ all of it is there ──▶ done
 *                                        └──▶ common ──HandBack with entries, piece by piece──▶ done
 */
import type { LogLine, Millis } from '@holdfast/kernel';
import {
  type ConfigReply,
  type ConfigRequest,
  type Entry,
  HAND_BACK_ENTRIES_MAX,
  type Revision,
  revisionText,
} from '@holdfast/protocol';
import { endsAt, tailAfter } from './lost-tail.ts';
import { isSameRevision, mainRevisionOf, revisionOf } from './revision-of.ts';
import { newest } from './store-session.ts';

/** Entries without a gap, up to a revision of the main line. */
export interface HeldLine {
  readonly revision: Revision;
  readonly entries: readonly Entry[];
}

/** What a copy keeps of it. */
export interface HeldLines {
  readonly held: HeldLine | undefined;
  /** Not handed back yet, or not known to be there. */
  readonly owed: readonly HeldLine[];
}

/** Each is the end of a line that was left; in practice one. Of more the oldest is given up, and said. */
export const OWED_MAX = 4;
export const HAND_BACK_AGAIN_MS = 10_000;
/** Characters of one message: as UTF-8 they stay below what a Configuration Server takes. */
const PIECE_CHARS_MAX = 80_000;

type HandBackMessage = Omit<Extract<ConfigRequest, { type: 'HandBack' }>, 'ReferenceID'>;
type Answer = Extract<ConfigReply, { type: 'HandedBack' | 'Error' }>;

interface Asked {
  readonly line: HeldLine;
  /** Undefined: up to where it is the same is not known yet. */
  readonly tail?: { readonly base: Revision; readonly entries: readonly Entry[] };
}

export class HandBack {
  readonly #log: (line: LogLine) => void;
  #held: HeldLine | undefined;
  #owed: HeldLine[];
  #asked: Asked | undefined;
  #isWaiting = false;
  #from = 0;
  #againAt: Millis = 0;

  constructor(log: (line: LogLine) => void, kept?: HeldLines) {
    this.#log = log;
    this.#held = kept?.held;
    this.#owed = [...(kept?.owed ?? [])];
  }

  get lines(): HeldLines {
    return { held: this.#held, owed: this.#owed };
  }

  nextDeadline(): Millis {
    return this.#owed.length > 0 && !this.#isWaiting ? this.#againAt : Number.POSITIVE_INFINITY;
  }

  /** What is held now, by these entries where they are known. */
  took(text: string, entries: readonly Entry[] = []): void {
    // Of files nothing is numbered.
    const revision = /^\d+\.\d+/.test(text) ? mainRevisionOf(revisionOf(text)) : undefined;
    const held = this.#held;
    // A branch of a site stands on what is held, and its entries are handed in by whoever made them.
    if (revision !== undefined && held !== undefined && isSameRevision(held.revision, revision)) return;
    const number = held?.revision.number ?? Number.NEGATIVE_INFINITY;
    const fresh = entries.filter((one) => one.revision.ahead === undefined && one.revision.number > number);
    const isStep =
      revision !== undefined &&
      endsAt(fresh, revision) &&
      (held === undefined || fresh[0]?.revision.number === number + 1);
    if (isStep) {
      this.#held = { revision, entries: newest([...(held?.entries ?? []), ...fresh]) };
      return;
    }
    if (held !== undefined && held.entries.length > 0) this.#owe(held);
    this.#held = revision && { revision, entries: [] };
  }

  #owe(line: HeldLine): void {
    const isOwed = this.#owed.some(({ revision }) => isSameRevision(revision, line.revision));
    if (isOwed) return;
    this.#owed.push(line);
    if (this.#owed.length <= OWED_MAX) return;
    const [given] = this.#owed.splice(0, 1);
    this.#asked = undefined;
    this.#giveUp(given, `More than ${OWED_MAX} lines wait to be handed back.`);
  }

  /** To be sent now to whoever is followed; answered by `answered`. */
  next(now: Millis): HandBackMessage | undefined {
    const [line] = this.#owed;
    if (line === undefined || this.#isWaiting || now < this.#againAt) return undefined;
    this.#isWaiting = true;
    if (this.#asked?.line !== line) {
      this.#asked = { line };
      this.#from = 0;
    }
    const held = revisionText(line.revision);
    const { tail } = this.#asked;
    if (tail === undefined) return { type: 'HandBack', held };
    const entries = pieceOf(tail.entries, this.#from);
    const [first] = tail.entries;
    if (first === undefined || entries.length === 0) return { type: 'HandBack', held };
    return {
      ...{ type: 'HandBack', held },
      tail: { base: tail.base, first: first.revision, from: this.#from, entries },
    };
  }

  /** True when nothing is owed of that line any more. */
  answered(now: Millis, answer: Answer): boolean {
    this.#isWaiting = false;
    const asked = this.#asked;
    if (asked === undefined) return false;
    if (answer.type === 'Error') {
      if (answer.code !== 'not-ready' && answer.code !== 'overloaded')
        return this.#giveUp(asked.line, answer.text);
      // What both have may be another by then.
      this.#asked = undefined;
      this.#againAt = now + HAND_BACK_AGAIN_MS;
      return false;
    }
    const { common, entries } = answer;
    if (asked.tail !== undefined && entries !== undefined) {
      this.#from = entries;
      if (entries >= asked.tail.entries.length) {
        const detail = { entries, on: revisionText(common) };
        this.#log({ level: 'warn', what: 'handed back what the database has lost', detail });
        return this.#done(asked.line);
      }
      if (pieceOf(asked.tail.entries, entries).length > 0) return false;
      return this.#giveUp(asked.line, 'One entry is longer than a message may be.');
    }
    if (isSameRevision(common, asked.line.revision)) return this.#done(asked.line);
    const tail = tailAfter(asked.line.entries, { common, held: asked.line.revision });
    if (tail.length === 0)
      return this.#giveUp(asked.line, `What came right after ${revisionText(common)} is not at hand.`);
    this.#asked = { line: asked.line, tail: { base: common, entries: tail } };
    this.#from = 0;
    if (pieceOf(tail, 0).length > 0) return false;
    return this.#giveUp(asked.line, 'One entry is longer than a message may be.');
  }

  /** Nobody is followed now. */
  lost(): void {
    this.#isWaiting = false;
    this.#asked = undefined;
    this.#againAt = 0;
  }

  #giveUp(line: HeldLine | undefined, because: string): boolean {
    if (line === undefined) return false;
    const detail = { held: revisionText(line.revision), entries: line.entries.length };
    this.#log({ level: 'error', what: 'what the database has lost cannot be handed back', because, detail });
    return this.#done(line);
  }

  #done(line: HeldLine): boolean {
    this.#owed = this.#owed.filter((one) => one !== line);
    this.#asked = undefined;
    return true;
  }
}

/** None where the next one alone is longer than a message may be. */
function pieceOf(entries: readonly Entry[], from: number): Entry[] {
  const piece: Entry[] = [];
  let chars = 0;
  for (const entry of entries.slice(from, from + HAND_BACK_ENTRIES_MAX)) {
    chars += JSON.stringify(entry).length;
    if (chars > PIECE_CHARS_MAX) break;
    piece.push(entry);
  }
  return piece;
}
