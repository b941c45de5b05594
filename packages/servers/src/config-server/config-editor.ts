/**
 * Edits, one after the other: each is judged against the configuration as the one before has left it, written to the store, and answered
 * when it is there. Nobody hears `Edited` of what could still be lost with this process (CW5).
 *
 *     Edit, Restore, Fix, Resolve, ──▶ line ──▶ judged ──▶ written ──▶ Edited      (dry run: judged, and answered)
 *     SyncSwitches                             └──────────┴──▶ NotEdited, with everything that speaks against it
 *     History ──▶ the store ──▶ Entries
 *
 * While the store is out of reach the branch of this site takes its place (CW2).
 */
import {
  type Configuration,
  canonicalText,
  editConfiguration,
  fixesOf,
  mayReadHistory,
  splitKey,
} from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import {
  type Author,
  type Change,
  type ConfigObject,
  type ConfigReply,
  type ConfigRequest,
  type Entry,
  type Finding,
  objectKey,
  type Person,
  revisionText,
} from '@holdfast/protocol';
import type { BranchLine } from './branch-line.ts';
import { findingsOf } from './checked.ts';
import { judgeEdit } from './judge-edit.ts';
import { type ConflictRead, type Resolution, readConflict, resolution } from './resolving.ts';
import { revisionOf } from './revision-of.ts';
import type { HistoryAnswer, PastAnswer } from './store-answers.ts';
import type { StoreSession, Written } from './store-session.ts';
import { visibleTo } from './visible-objects.ts';
import { wantedSync } from './wanted-sync.ts';

export type EditRequest = Extract<
  ConfigRequest,
  { type: 'Edit' | 'Restore' | 'Fix' | 'Resolve' | 'SyncSwitches' }
>;
export type HistoryRequest = Extract<ConfigRequest, { type: 'History' }>;
type NotEdited = Extract<ConfigReply, { type: 'NotEdited' }>;

/** Edits that wait for those before them. */
export const EDITS_WAITING_MAX = 256;

/** What a branch cannot have: it is about both sides, or about all that they have in common. */
const OF_STORE: Partial<Readonly<Record<EditRequest['type'], string>>> = {
  Resolve: 'Conflicts are resolved when it is back.',
  SyncSwitches: 'Two Switches are brought alike when it is back.',
};

export interface Asker {
  readonly connection: string;
  readonly person: Person;
  /** Where it came from. */
  readonly from: string;
}

export interface Judgement {
  /** Those of the edit, and those that follow from them. */
  readonly changes: readonly Change[];
  readonly findings: readonly Finding[];
  /** Why it may not be done; the findings say more. */
  readonly refusal?: { readonly code: NotEdited['code']; readonly text: string };
}

export interface EditorPorts {
  readonly session: StoreSession;
  readonly branch: BranchLine;
  /** Edits wait for a merge. */
  isHeld(): boolean;
  /** What is served: the main line, or the branch. */
  configuration(): Configuration;
  /** See `EditSurroundings`. */
  placeOf(dn: string): string | undefined;
  wall(now: Millis): Millis;
  reply(connection: string, message: ConfigReply): void;
  log(line: LogLine): void;
}

interface Waiting {
  readonly asker: Asker;
  readonly request: EditRequest;
  /** Of a restoration, what was there then; asked for when its turn has come. */
  past?: PastAnswer;
  /** Of a resolution, likewise. */
  conflict?: ConflictRead;
}

export class ConfigEditor {
  readonly #ports: EditorPorts;
  readonly #waiting: Waiting[] = [];
  /** The first in line waits for the store. */
  #isBusy = false;

  constructor(ports: EditorPorts) {
    this.#ports = ports;
  }

  edit(now: Millis, asker: Asker, request: EditRequest): void {
    if (this.#waiting.length >= EDITS_WAITING_MAX) {
      const text = `${EDITS_WAITING_MAX} edits wait already. Try again in a second.`;
      return this.#refuse({ asker, request }, { code: 'not-stored', text });
    }
    this.#waiting.push({ asker, request });
    this.goOn(now);
  }

  history(asker: Asker, request: HistoryRequest): void {
    const { connection, person } = asker;
    const { ReferenceID } = request;
    const refuse = (code: 'not-allowed' | 'not-ready', text: string) =>
      this.#ports.reply(connection, { type: 'Error', ReferenceID, code, text });
    const { key, who, from: fromAt, to: toAt, before, limit } = request;
    const configuration = this.#ports.configuration();
    const mayRead = (change: Change) => mayReadHistory(person, change, configuration);
    // Of nothing in particular, as of a Tenant that they share with everything they may see.
    const verdict = mayRead({ key: key ?? 'the configuration', before: null, after: null });
    if (!verdict.ok) return refuse('not-allowed', verdict.text);
    const older = before === undefined ? undefined : revisionOf(before).number;
    const query = { key, who, fromAt, toAt, before: older, limit };
    this.#ports.session.history(query, (_now, answer: HistoryAnswer) => {
      if (answer.type === 'unavailable') return refuse('not-ready', answer.because);
      const entries = answer.entries.map((entry) => shownEntry(entry, mayRead));
      this.#ports.reply(connection, { type: 'Entries', ReferenceID, entries, more: !answer.isLast });
    });
  }

  /** The role or the store may have changed. */
  goOn(now: Millis): void {
    while (!this.#isBusy) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const { session, branch, isHeld } = this.#ports;
      const { role, isFree } = session;
      const closed = OF_STORE[next.request.type] ?? branch.closed(now);
      if (role.name === 'following') this.#refuseAsFollower(next, role.holder);
      else if (role.name === 'cutOff' && closed !== undefined) this.#refuseCutOff(now, next, role, closed);
      else if (role.name === 'writing' && (!isFree || isHeld())) return;
      else if (this.#asksTheStore(next) || this.#begin(now, next)) return;
      this.#waiting.shift();
    }
  }

  #refuseAsFollower(edit: Waiting, holder: string | undefined): void {
    const who = holder === undefined ? 'another Configuration Server' : `"${holder}"`;
    const writer = holder === undefined ? {} : { writer: holder };
    this.#refuse(edit, { code: 'not-writer', text: `${who} writes now. Edit there.`, ...writer });
  }

  #refuseCutOff(
    now: Millis,
    edit: Waiting,
    { since, because }: { readonly since: Millis; readonly because: string },
    closed: string,
  ): void {
    const ageMs = now - since;
    const text = `The database cannot be reached for ${Math.round(ageMs / 1000)} s, so that nothing is written: ${because} ${closed}`;
    this.#refuse(edit, { code: 'not-stored', text, ageMs });
  }

  /** True while a restoration waits for what it brings back, or a resolution for its conflict. */
  #asksTheStore(edit: Waiting): boolean {
    const { request } = edit;
    const { session } = this.#ports;
    if (request.type === 'Resolve' && edit.conflict === undefined) {
      this.#isBusy = true;
      readConflict(session, request.id, (at, conflict) => {
        this.#isBusy = false;
        edit.conflict = conflict;
        this.goOn(at);
      });
      return true;
    }
    if (request.type !== 'Restore' || edit.past !== undefined) return false;
    const when = 'at' in request.to ? request.to.at : revisionOf(request.to.revision);
    if (typeof when !== 'number' && when.ahead !== undefined) {
      edit.past = { type: 'unknown', because: 'That is a revision of a branch. Name one of the main line.' };
      return false;
    }
    this.#isBusy = true;
    session.past(when, (at, answer) => {
      this.#isBusy = false;
      edit.past = answer;
      this.goOn(at);
    });
    return true;
  }

  /** True when it is being written; else it has been answered. */
  #begin(now: Millis, edit: Waiting): boolean {
    const { asker, request } = edit;
    const wanted = this.#wanted(edit);
    if ('refusal' in wanted) {
      this.#refuse(edit, wanted.refusal, wanted.findings);
      return false;
    }
    const { note, dryRun } = request;
    const seenAt = request.type === 'Resolve' ? undefined : request.seenAt;
    const configuration = this.#ports.configuration();
    const { person } = asker;
    const { session, branch, placeOf } = this.#ports;
    const isCutOff = session.role.name === 'cutOff';
    const proposed = { ...wanted, configuration, person, seenAt };
    const judged = judgeEdit(proposed, { recent: branch.recent, placeOf });
    const { changes, refusal } = judged;
    const findings = isCutOff ? [...judged.findings, HELD_HERE] : judged.findings;
    if (refusal !== undefined) {
      this.#refuse(edit, refusal, findings);
      return false;
    }
    const author = authorOf(asker);
    const { resolves } = wanted;
    if (dryRun || (changes.length === 0 && resolves === undefined)) {
      this.#tell(asker, request, { author, changes: [...changes] }, findings);
      return false;
    }
    // Whole ms, as people and their programs write instants: what they read in the history they can ask for.
    const entry = { at: Math.floor(this.#ports.wall(now)), author, note, changes, resolves };
    this.#isBusy = true;
    const line = isCutOff ? branch : session;
    line.write(now, entry, (at, written) => {
      this.#isBusy = false;
      this.#waiting.shift();
      this.#written(edit, written, findings);
      this.goOn(at);
    });
    return true;
  }

  #wanted({ asker, request, past, conflict }: Waiting): Resolution {
    const configuration = this.#ports.configuration();
    if (request.type === 'Resolve') return resolution(configuration, asker.person, request.choice, conflict);
    if (request.type === 'Edit') {
      const { changes, problems } = editConfiguration(configuration, request.edits);
      if (problems.length === 0) return { changes };
      const text = `${problems.length} of the edit's fields cannot be as they are.`;
      const findings = problems.map(({ object, field, text }) => ({
        ...{ severity: 'error' as const, object, field, text },
      }));
      return { refusal: { code: 'bad-configuration', text }, findings };
    }
    if (request.type === 'Fix') return { changes: fixesOf(findingsOf(configuration)) };
    if (request.type === 'SyncSwitches') return wantedSync(configuration, asker.person, request);
    if (past?.type !== 'past') {
      const because = past?.because ?? 'It was not read.';
      const code = past?.type === 'unknown' ? 'bad-configuration' : 'not-stored';
      return { refusal: { code, text: because }, findings: [] };
    }
    return { changes: restored(configuration, past.objects, request.keys) };
  }

  #written(edit: Waiting, written: Written, findings: readonly Finding[]): void {
    const { asker, request } = edit;
    switch (written.type) {
      case 'committed':
        this.#logEntry(written.entry);
        return this.#tell(asker, request, written.entry, findings);
      case 'epochLost':
        return this.#refuseAsFollower(edit, written.by);
      case 'conflict': {
        const keys = written.conflicts.map(({ key }) => key).join(', ');
        const text = `Somebody else has just changed ${keys}. Look again, then edit again.`;
        return this.#refuse(edit, { code: 'conflict', text });
      }
      case 'constraint':
        return this.#refuse(edit, { code: 'bad-configuration', text: written.text }, [
          ...written.objects.map((object) => ({
            ...{ severity: 'error' as const, rule: written.rule, object, field: '', text: written.text },
          })),
        ]);
      case 'unavailable': {
        const text = written.mayBeCommitted
          ? `It is not known whether it was written: ${written.because} Look into the history before you try again.`
          : `It was not written: ${written.because}`;
        return this.#refuse(edit, { code: 'not-stored', text });
      }
    }
  }

  #logEntry({ revision, author, changes, note }: Entry): void {
    const detail = { revision: revisionText(revision), objects: changes.length, from: author.from };
    const named = changes.slice(0, 3).map(({ key }) => key);
    const more = changes.length > named.length ? ` and ${changes.length - named.length} more` : '';
    const because = `${author.who}: ${named.join(', ')}${more}${note === undefined ? '' : ` (${note})`}`;
    this.#ports.log({ level: 'info', what: 'configuration edited', because, detail });
  }

  #tell(
    { connection }: Asker,
    { ReferenceID, dryRun }: EditRequest,
    { author, changes }: Pick<Entry, 'author' | 'changes'>,
    findings: readonly Finding[],
  ): void {
    const { revision } = this.#ports.configuration();
    this.#ports.reply(connection, {
      ...{ type: 'Edited', ReferenceID, revision, isDryRun: dryRun, findings: [...findings] },
      entry: { author, changes: changes.map(shownChange) },
    });
  }

  #refuse(
    { asker: { connection }, request: { ReferenceID } }: Waiting,
    refusal: Pick<NotEdited, 'code' | 'text' | 'ageMs' | 'writer'>,
    findings: readonly Finding[] = [],
  ): void {
    const { revision } = this.#ports.configuration();
    const more = { revision, findings: [...findings] };
    this.#ports.reply(connection, { type: 'NotEdited', ReferenceID, ...refusal, ...more });
  }
}

/** Of those keys, or of all. */
function restored(
  configuration: Configuration,
  past: readonly ConfigObject[],
  keys: readonly string[] | undefined,
): Change[] {
  const then = new Map(past.map((object) => [objectKey(object), object]));
  const all = keys ?? [...new Set([...configuration.objects.map(objectKey), ...then.keys()])];
  return all.flatMap((key) => {
    const before = configuration.get(...splitKey(key)) ?? null;
    const after = then.get(key) ?? null;
    return canonicalText(before) === canonicalText(after) ? [] : { key, before, after };
  });
}

const HELD_HERE: Finding = {
  ...{ severity: 'warning', object: '', field: '' },
  text: 'It is held at this site until the database is back, and is merged then: whatever has been changed elsewhere in the same field is a conflict, to be resolved by choice.',
};

function authorOf({ person, from }: Asker): Author {
  return { who: person.name, from };
}

/** CP9 of the centre, and CS8: what a person may see of it. */
function shownEntry(
  { revision, at, author, note, changes, merges, resolves }: Entry,
  mayRead: (change: Change) => { readonly ok: boolean },
): Entry {
  const shown = changes.filter((change) => mayRead(change).ok).map(shownChange);
  return {
    ...{ revision, at, author, changes: shown },
    ...(note === undefined ? {} : { note }),
    ...(merges === undefined ? {} : { merges }),
    ...(resolves === undefined ? {} : { resolves }),
  };
}

function shownChange({ key, before, after }: Change): Change {
  const seen = (object: ConfigObject | null) => (object && visibleTo('person', object)) ?? null;
  return { key, before: seen(before), after: seen(after) };
}
