/**
 * A person's session with the Configuration Servers, for `holdfast config`: logged in at the first that answers, and moved to the one that
 * writes when something is to be written.
 */
import { randomBytes } from 'node:crypto';
import { FILE_LISTS } from '@holdfast/centre';
import {
  type ConfigObject,
  type ConfigReply,
  type ConfigRequest,
  configObject,
  configReply,
  PART_CHARS_MAX,
  PARTS_MAX,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink, type LinkClient } from '@holdfast/shell';
import { CannotRun } from '../role.ts';
import { CONFIGURATION_BYTES_MAX } from '../server-link.ts';
import type { Credentials } from './ask-credentials.ts';
import type { Progress } from './config-progress.ts';
import { type Address, addressInWords, addressOf } from './server-addresses.ts';

export interface LogInOptions {
  /** Of Configuration Servers, tried in this order. */
  readonly servers: readonly Address[];
  /** A desktop Application of the configuration, by which persons log in. */
  readonly application: string;
  /** Absent: only what needs no log-in is asked. */
  readonly credentials?: Credentials;
  readonly answerMaxMs?: number;
}

/** A Configuration Server refuses it, and says why: exit status 1. */
export class Refused extends Error {
  /** Of the refusal, where it has one. */
  readonly code: string | undefined;

  constructor(text: string, code?: string) {
    super(code === undefined ? text : `${code}: ${text}`);
    this.code = code;
  }
}

type WithoutReference<Request> = Request extends { ReferenceID: number }
  ? Omit<Request, 'ReferenceID'>
  : never;
type Asked = WithoutReference<ConfigRequest>;
export type Writing = Extract<Asked, { type: WritingType }>;
/** What a dry run can be made of. */
export type Editing = Extract<Writing, { dryRun: boolean }>;
export type Edited = Extract<ConfigReply, { type: 'Edited' }>;
export type NotEdited = Extract<ConfigReply, { type: 'NotEdited' }>;

/** What persons see of a whole configuration. */
export interface Seen {
  readonly revision: string;
  readonly objects: readonly ConfigObject[];
}

type EditAsked = Extract<Asked, { type: 'Edit' }>;

/** Answered by Edited or NotEdited. */
const WRITING = [
  'Edit',
  'Fix',
  'Restore',
  'Resolve',
  'SyncSwitches',
  'SetPassword',
  'ResetPassword',
  'Revoke',
  'RotateKeys',
] as const;
type WritingType = (typeof WRITING)[number];

const ANSWER_MAX_MS = 15_000;
/** 100,000 objects are judged and written. */
const EDIT_MAX_MS = 180_000;
/** A log of years is read, beside everything else that its server does. */
const VERIFY_MAX_MS = 3_600_000;
/** Whoever reads a long file meanwhile answers no poll. */
const ADDP_TIMEOUT_MS = 60_000;
/** To the one that writes, which may change meanwhile. */
const MOVES_MAX = 4;
/** Until a Configuration Server knows who writes, after a change. */
const WRITER_PAUSE_MS = 700;
/** Types are read one by one, and something may be edited in between. */
const READS_MAX = 5;

/** Refusals of what was asked, and not of this server at this time. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['not-allowed', 'bad-message', 'not-found'],
  ...['wrong-password', 'password-unfit', 'account-disabled', 'too-many-failures', 'token-revoked'],
]);
/** Another server may do better. */
const PASSING: ReadonlySet<string> = new Set(['not-ready', 'overloaded']);

export class ConfigSession {
  readonly #options: LogInOptions;
  #server: Address | undefined;
  #link: LinkClient<ConfigRequest> | undefined;
  #token: string | undefined;
  /** That was served when the session began. */
  #revision = '';
  #count = 0;
  /** Why there is no answer any more. */
  #lost = '';
  /** What the server said before it ended the connection. */
  #dismissal: Extract<ConfigReply, { type: 'Error' }> | undefined;
  readonly #open = new Map<number, (reply: ConfigReply | undefined) => void>();

  private constructor(options: LogInOptions) {
    this.#options = options;
  }

  /** Rejects with CannotRun. */
  static async open(options: LogInOptions): Promise<ConfigSession> {
    const failures: string[] = [];
    for (const server of options.servers) {
      const session = new ConfigSession(options);
      const failure = await session.#enter(server);
      if (failure === undefined) return session;
      session.close();
      failures.push(`${addressInWords(server)} ${failure}`);
    }
    throw new CannotRun(`No Configuration Server answers: ${failures.join('; ')}.`);
  }

  close(): void {
    this.#link?.close();
  }

  /** Of whoever has logged in. */
  get token(): string {
    return this.#token ?? '';
  }

  /** Why it is not to be asked there; undefined when it is. */
  async moveTo(server: Address): Promise<string | undefined> {
    try {
      return await this.#enter(server);
    } catch (error) {
      // It refuses this person, or this person's token.
      if (error instanceof CannotRun) return error.message;
      throw error;
    }
  }

  /** Rejects with Refused or CannotRun. */
  async ask<Type extends ConfigReply['type']>(
    request: Asked,
    ...types: readonly Type[]
  ): Promise<Extract<ConfigReply, { type: Type }>> {
    const isEdit = WRITING.some((type) => type === request.type);
    const isWriting = isEdit && !('dryRun' in request && request.dryRun);
    const editMaxMs = isEdit ? EDIT_MAX_MS : this.#answerMaxMs;
    const reply = await this.#answerTo(request, request.type === 'Verify' ? VERIFY_MAX_MS : editMaxMs);
    const server = this.#server === undefined ? '' : addressInWords(this.#server);
    if (reply === undefined) {
      const fate = isWriting ? ' It is not known whether it was written: look into the history.' : '';
      if (this.#dismissal !== undefined)
        throw new Refused(`${this.#dismissal.text}${fate}`, this.#dismissal.code);
      throw new CannotRun(`${server} ${this.#lost}.${fate}`);
    }
    if (reply.type === 'Error') {
      const { code, text } = reply;
      throw REFUSALS.has(code) ? new Refused(text, code) : new CannotRun(`${code}: ${text}`);
    }
    if (!types.some((type) => type === reply.type))
      throw new CannotRun(`${server} has answered ${request.type} with ${reply.type}.`);
    return reply as Extract<ConfigReply, { type: Type }>;
  }

  get #answerMaxMs(): number {
    return this.#options.answerMaxMs ?? ANSWER_MAX_MS;
  }

  /** At the one that writes. Rejects with Refused or CannotRun. */
  async write(request: Writing, progress: Progress): Promise<Edited | NotEdited> {
    let text = '';
    for (let move = 0; move < MOVES_MAX; move++) {
      const sized = request.type === 'Edit' ? await this.#sized(request, progress) : request;
      const asking = this.ask(sized, 'Edited', 'NotEdited');
      const reply = await progress.during('the Configuration Server judges and writes', asking);
      if (reply.type === 'Edited' || reply.code !== 'not-writer') return reply;
      text = reply.text;
      if (reply.writer === undefined) await pause(WRITER_PAUSE_MS);
      else await this.#moveToWriter(reply.writer);
    }
    throw new CannotRun(text);
  }

  async read(objectType: string, name?: string): Promise<Seen> {
    const named = name === undefined ? {} : { name };
    const request = { type: 'Read' as const, objectType, subscribe: false, ...named };
    const { revision, objects } = await this.ask(request, 'Objects');
    return { revision, objects: objects.map(readObject) };
  }

  /** One object, or none, and a revision in which that was so. */
  async find(
    objectType: string,
    name: string,
  ): Promise<{ revision: string; object: ConfigObject | undefined }> {
    const revision = this.#revision;
    try {
      const read = await this.read(objectType, name);
      return { revision: read.revision, object: read.objects[0] };
    } catch (error) {
      if (error instanceof Refused && error.code === 'not-found') return { revision, object: undefined };
      throw error;
    }
  }

  /** Of one revision. */
  async readAll(progress: Progress): Promise<Seen> {
    const types = Object.values(FILE_LISTS);
    for (let attempt = 0; attempt < READS_MAX; attempt++) {
      const reading = Promise.all(types.map((type) => this.read(type)));
      const read = await progress.during('the configuration is read', reading);
      const revision = read[0]?.revision ?? '';
      if (read.every((one) => one.revision === revision))
        return { revision, objects: read.flatMap(({ objects }) => objects) };
    }
    throw new CannotRun('The configuration is being edited all the time. Try again in a moment.');
  }

  /** CE16: what is too long for one message goes before it in parts. */
  async #sized(request: EditAsked, progress: Progress): Promise<EditAsked> {
    const text = JSON.stringify(request.edits);
    if (text.length <= PART_CHARS_MAX) return request;
    const parts = Math.ceil(text.length / PART_CHARS_MAX);
    if (parts > PARTS_MAX)
      throw new CannotRun(
        `The edit has ${text.length} letters; at most ${PARTS_MAX * PART_CHARS_MAX} are taken. Split it.`,
      );
    const name = randomBytes(12).toString('hex');
    const objects = request.edits.length;
    for (let n = 0; n < parts; n++) {
      const piece = text.slice(n * PART_CHARS_MAX, (n + 1) * PART_CHARS_MAX);
      await this.ask({ type: 'EditPart', upload: name, text: piece }, 'PartTaken');
      progress.tell('objects sent', Math.round(((n + 1) * objects) / parts), objects);
    }
    return { ...request, edits: [], upload: { name, parts } };
  }

  async #moveToWriter(writer: string): Promise<void> {
    const { objects } = await this.read('Application', writer);
    const [application] = objects;
    if (application?.objectType !== 'Application')
      throw new CannotRun(`There is no Application "${writer}".`);
    const hosts = await this.read('Host', application.host ?? '');
    const address = addressOf(hosts.objects, application);
    const failure = await this.#enter(address);
    if (failure !== undefined)
      throw new CannotRun(`"${writer}" writes now, and ${addressInWords(address)} ${failure}.`);
  }

  /** Why it does not answer; a refusal of the person is thrown, as all others would refuse likewise. */
  async #enter(server: Address): Promise<string | undefined> {
    const failure = await this.#connect(server);
    if (failure !== undefined) return failure;
    const { application, credentials } = this.#options;
    const token = this.#token;
    const opening = { application, version: PROTOCOL_VERSION, addpTimeoutMs: ADDP_TIMEOUT_MS };
    const asked: Asked[] = [{ type: 'Open', ...opening }];
    if (token !== undefined) asked.push({ type: 'LogInByToken', token });
    else if (credentials !== undefined) asked.push({ type: 'LogIn', ...credentials });
    for (const request of asked) {
      const reply = await this.#answerTo(request, this.#answerMaxMs);
      if (reply === undefined) return this.#lost;
      if (reply.type === 'Opened') this.#revision = reply.revision;
      if (reply.type === 'LoggedIn') this.#token = reply.token;
      if (reply.type !== 'Error') continue;
      const refusal = `${reply.code}: ${reply.text}`;
      if (PASSING.has(reply.code)) return refusal;
      throw new CannotRun(refusal);
    }
    return undefined;
  }

  #connect(server: Address): Promise<string | undefined> {
    this.#link?.close();
    this.#server = server;
    this.#dismissal = undefined;
    return new Promise((resolve) => {
      const link = connectLink<ConfigRequest, ConfigReply>({
        ...{ ...server, schema: configReply, replyBytesMax: CONFIGURATION_BYTES_MAX },
        handlers: {
          opened: () => resolve(undefined),
          message: (reply) => {
            if (reply.type === 'Ping') link.send({ type: 'Pong', n: reply.n });
            else if ('ReferenceID' in reply) this.#open.get(reply.ReferenceID ?? 0)?.(reply);
            // To no question: why it ends.
            else if (reply.type === 'Error') this.#dismissal = reply;
          },
          malformed: (field) => {
            this.#lost = `sends what this release cannot read (${field})`;
            for (const answered of this.#open.values()) answered(undefined);
          },
          closed: ({ text }) => {
            const why = `cannot be reached: ${text}`;
            resolve(why);
            if (this.#link !== link) return;
            this.#lost = why;
            for (const answered of this.#open.values()) answered(undefined);
          },
        },
      });
      this.#link = link;
    });
  }

  /** Undefined when there is none; `#lost` says why. */
  #answerTo(request: Asked, maxMs: number): Promise<ConfigReply | undefined> {
    this.#count += 1;
    const ReferenceID = this.#count;
    return new Promise((resolve) => {
      const end = (reply: ConfigReply | undefined) => {
        clearTimeout(timer);
        this.#open.delete(ReferenceID);
        resolve(reply);
      };
      const timer = setTimeout(() => {
        this.#lost = `is silent for ${Math.round(maxMs / 1000)} s`;
        end(undefined);
      }, maxMs);
      this.#open.set(ReferenceID, end);
      // Of all requests that have one.
      const isSent = this.#link?.send({ ...request, ReferenceID } as ConfigRequest) ?? false;
      if (!isSent) end(undefined);
    });
  }
}

function readObject(value: unknown): ConfigObject {
  const parsed = configObject.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CannotRun('A Configuration Server of another release sends an object that cannot be read here.');
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
