/** What editors have asked of a Configuration Server and what they were told, to be held against the log. */
import type { Entry } from '@holdfast/protocol';
import { revisionText } from '@holdfast/protocol';
import type { openConfigStore } from '@holdfast/server';
import { REVISION_NONE } from '@holdfast/servers';
import type { EditAnswer } from '../lab/live/config-operator.ts';

type ConfigStore = Awaited<ReturnType<typeof openConfigStore>>;

/** `acknowledged`: with its revision. `unsaid`: no promise was given. */
type Told =
  | { readonly type: 'acknowledged'; readonly revision: string }
  | { readonly type: 'unsaid' | 'refused' };

interface Asked {
  readonly users: readonly string[];
  told: Told;
}

const PAGE = 1_000;

export class EditLedger {
  /** By note. */
  readonly #asked = new Map<string, Asked>();
  /** User → what the name may be now: of the last that was acknowledged, or of one of those after it. */
  readonly #names = new Map<string, string[]>();
  #acknowledged = 0;

  get acknowledged(): number {
    return this.#acknowledged;
  }

  asked(note: string, users: readonly string[]): void {
    this.#asked.set(note, { users, told: { type: 'unsaid' } });
    for (const user of users) this.#names.set(user, [...(this.#names.get(user) ?? ['']), note]);
  }

  answered(note: string, answer: EditAnswer): void {
    const asked = this.#asked.get(note);
    if (asked === undefined) return;
    asked.told = toldBy(answer);
    if (asked.told.type === 'acknowledged') {
      this.#acknowledged += 1;
      for (const user of asked.users) this.#names.set(user, [note]);
    } else if (asked.told.type === 'refused')
      for (const user of asked.users) {
        const names = this.#names.get(user) ?? [];
        this.#names.set(
          user,
          names.filter((name) => name !== note),
        );
      }
  }

  /** Whether a server that has all acknowledged edits can serve that. Whom nobody has named yet may have any name. */
  mayBe(user: string, displayName = ''): boolean {
    const names = this.#names.get(user);
    return names === undefined || names.includes('') || names.includes(displayName);
  }

  /** The log from its first entry on. */
  async compare(store: ConfigStore) {
    const missing = new Set(
      [...this.#asked].flatMap(([note, { told }]) => (told.type === 'acknowledged' ? [note] : [])),
    );
    const seen = new Set<string>();
    let altered = 0;
    let unsaidMade = 0;
    for (let at = REVISION_NONE; ; ) {
      const page = await store.entriesAfter(at, PAGE);
      if (page.type !== 'entries') throw new Error(`the log is not read: ${JSON.stringify(page)}`);
      const last = page.entries.at(-1);
      if (last === undefined) break;
      for (const entry of page.entries) {
        const { note = '' } = entry;
        const asked = this.#asked.get(note);
        // The files that the database was filled with.
        if (asked === undefined && entry.author.who === 'import') continue;
        missing.delete(note);
        if (asked?.told.type === 'unsaid') unsaidMade += 1;
        if (asked === undefined || seen.has(note) || !isAsSaid(entry, asked)) altered += 1;
        seen.add(note);
      }
      at = last.revision;
    }
    const all = [...this.#asked.values()];
    const told = (type: Told['type']) => all.filter((one) => one.told.type === type).length;
    return {
      acknowledged: told('acknowledged'),
      lost: missing.size,
      altered,
      unsaid: told('unsaid'),
      unsaid_made: unsaidMade,
      refused: told('refused'),
    };
  }
}

function toldBy(answer: EditAnswer): Told {
  switch (answer.type) {
    case 'Edited':
      return { type: 'acknowledged', revision: answer.revision };
    case 'NoAnswer':
      return { type: 'unsaid' };
    case 'NotEdited':
    case 'Error':
      // CE5: after ten seconds without its database.
      return { type: answer.text.startsWith('It is not known') ? 'unsaid' : 'refused' };
  }
}

/** All of its changes and no other, under the revision that was told; and nothing that was refused. */
function isAsSaid({ revision, note, changes }: Entry, { users, told }: Asked): boolean {
  if (told.type === 'refused') return false;
  if (told.type === 'acknowledged' && told.revision !== revisionText(revision)) return false;
  const isOf = (user: string) =>
    changes.some(
      ({ key, after }) =>
        key === `Person/${user}` && after?.objectType === 'Person' && after.displayName === note,
    );
  return changes.length === users.length && users.every(isOf);
}
