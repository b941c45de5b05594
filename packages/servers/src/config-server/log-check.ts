/**
 * Whether the log of the configuration, and what it has made, are what was committed (AU1): read in the background after each claim of the
 * writer's role, and when somebody asks who may read the history. A log that is broken keeps nobody from working: it is an error in
 * the log of the server, a figure, and for people to look into.
 */
import { type Configuration, mayReadHistory } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import { type ConfigReply, type ConfigRequest, type ErrorCode, revisionText } from '@holdfast/protocol';
import type { Asker } from './config-editor.ts';
import type { VerifyAnswer } from './store-answers.ts';
import type { StoreSession } from './store-session.ts';

export type VerifyRequest = Extract<ConfigRequest, { type: 'Verify' }>;
/** As it was when it was read last here. */
export type LogStanding = 'unknown' | 'sound' | 'broken';
export const LOG_STANDINGS: readonly LogStanding[] = ['unknown', 'sound', 'broken'];

/** The first seconds of a writer are for those who wait for it: after a take-over everybody comes at once. */
export const CHECK_AFTER_MS = 10_000;
/** A store that could not read its log then is asked again. */
export const CHECK_AGAIN_MS = 60_000;
/** Who ask while it is being read, and wait for the next reading. */
export const CHECKS_ASKED_MAX = 64;

export interface LogCheckPorts {
  readonly session: Pick<StoreSession, 'role' | 'verify'>;
  configuration(): Configuration;
  reply(connection: string, message: ConfigReply): void;
  log(line: LogLine): void;
}

interface Asked {
  readonly connection: string;
  readonly ReferenceID: number;
}

export class LogCheck {
  readonly #ports: LogCheckPorts;
  #standing: LogStanding = 'unknown';
  /** Of the last claim that was seen. */
  #epoch = 0;
  /** Of that claim: it is read then. */
  #dueAt: Millis | undefined;
  /** For whom it is being read; undefined while it is not. */
  #reading: readonly Asked[] | undefined;
  /** They want to know how it stands now, and not when a reading began that is under way. */
  #next: Asked[] = [];

  constructor(ports: LogCheckPorts) {
    this.#ports = ports;
  }

  get standing(): LogStanding {
    return this.#standing;
  }

  nextDeadline(): Millis {
    return this.#dueAt ?? Number.POSITIVE_INFINITY;
  }

  /** The role may have changed, or the time may have come. */
  look(now: Millis): void {
    const { role } = this.#ports.session;
    if (role.name === 'writing' && role.epoch !== this.#epoch) {
      this.#epoch = role.epoch;
      this.#dueAt = now + CHECK_AFTER_MS;
    }
    // Whoever writes now reads it.
    if (role.name === 'following') this.#dueAt = undefined;
    if (this.#dueAt === undefined || now < this.#dueAt) return;
    this.#dueAt = undefined;
    if (this.#reading === undefined) this.#read([]);
  }

  asked({ connection, person }: Asker, { ReferenceID }: VerifyRequest): void {
    const refuse = (code: ErrorCode, text: string) =>
      this.#ports.reply(connection, { type: 'Error', ReferenceID, code, text });
    const all = { key: 'the configuration', before: null, after: null };
    const verdict = mayReadHistory(person, all, this.#ports.configuration());
    if (!verdict.ok) return refuse('not-allowed', verdict.text);
    const asked = { connection, ReferenceID };
    if (this.#reading === undefined) return this.#read([asked]);
    if (this.#next.length < CHECKS_ASKED_MAX) return void this.#next.push(asked);
    refuse('overloaded', `${CHECKS_ASKED_MAX} wait for the log to be read already. Ask again later.`);
  }

  #read(askers: readonly Asked[]): void {
    this.#reading = askers;
    this.#ports.session.verify((now, answer) => this.#wasRead(now, answer));
  }

  #wasRead(now: Millis, answer: VerifyAnswer): void {
    const askers = this.#reading ?? [];
    const next = this.#next;
    this.#reading = undefined;
    this.#next = [];
    this.#tell(answer);
    // Nobody waits for it who would ask again.
    if (answer.type === 'unavailable' && askers.length === 0) this.#dueAt = now + CHECK_AGAIN_MS;
    for (const { connection, ReferenceID } of askers)
      this.#ports.reply(connection, { ReferenceID, ...answerOf(answer) });
    if (next.length > 0) this.#read(next);
  }

  #tell(answer: VerifyAnswer): void {
    const { log } = this.#ports;
    switch (answer.type) {
      case 'sound': {
        this.#standing = 'sound';
        const detail = { entries: answer.entries, revision: revisionText(answer.revision) };
        return log({ level: 'info', what: 'the log of the configuration is sound', detail });
      }
      case 'broken': {
        this.#standing = 'broken';
        const because = `${answer.at}: ${answer.because}`;
        return log({ level: 'error', what: 'the log of the configuration is broken', because });
      }
      case 'unavailable': {
        const { because } = answer;
        return log({ level: 'warn', what: 'the log of the configuration was not read', because });
      }
    }
  }
}

type Unreferenced<Reply> = Reply extends ConfigReply ? Omit<Reply, 'ReferenceID'> : never;

function answerOf(
  answer: VerifyAnswer,
): Unreferenced<Extract<ConfigReply, { type: 'LogSound' | 'LogBroken' | 'Error' }>> {
  switch (answer.type) {
    case 'sound':
      return { type: 'LogSound', revision: revisionText(answer.revision), entries: answer.entries };
    case 'broken':
      return { type: 'LogBroken', at: answer.at, because: answer.because };
    case 'unavailable':
      return { type: 'Error', code: 'not-ready', text: answer.because };
  }
}
