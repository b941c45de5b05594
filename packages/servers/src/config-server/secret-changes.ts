/**
 * What is changed here by what nobody else has or sees: passwords by their hash (ID9, ID12), the keys that the servers share (ID11),
 * and by the clock of a server what a person has logged in with (ID13). What comes of it is an edit like any other.
 *
 *     SetPassword ──▶ verifyPassword ──▶ fit? ──┬──▶ hashPassword ──┬──▶ the editor ──▶ Edited
 *     ResetPassword ──▶ may it? ──▶ fit? ───────┘                   │
 *     RotateKeys ──▶ an administrator? ──▶ makeKeys ────────────────┤
 *     Revoke ──▶ is there one? ─────────────────────────────────────┘
 */
import { type Configuration, mayEdit } from '@holdfast/centre';
import { type Millis, unreachable } from '@holdfast/kernel';
import type { ConfigRequest, Edit, ErrorCode, Person } from '@holdfast/protocol';
import type { ConfigServerEffect } from './config-server-types.ts';
import type { Editing, EditingRequest } from './editing.ts';
import { unfitnessOf } from './password-rules.ts';
import { type FreshKeys, rotated } from './rotated-keys.ts';

export type SetPasswordMessage = Extract<ConfigRequest, { type: 'SetPassword' }>;
type RotateKeysMessage = Extract<ConfigRequest, { type: 'RotateKeys' }>;
type ResetPasswordMessage = Extract<ConfigRequest, { type: 'ResetPassword' }>;
type RevokeMessage = Extract<ConfigRequest, { type: 'Revoke' }>;
type Message = SetPasswordMessage | ResetPasswordMessage | RotateKeysMessage | RevokeMessage;

export interface SecretChangePorts {
  /** What answers the person in the end. */
  readonly editing: Pick<Editing, 'readOnly' | 'edit'>;
  configuration(): Configuration;
  emit(effect: Extract<ConfigServerEffect, { type: 'hashPassword' | 'makeKeys' }>): void;
  refuse(connection: string, message: Message, code: ErrorCode, text: string): void;
  /** Where what the client edits comes from. */
  originOf(connection: string): string;
  wall(now: Millis): Millis;
}

interface Pending {
  readonly connection: string;
  /** Whose edit it will be. */
  readonly person: string;
  readonly message: Message;
}

/** Of what somebody else has set: its owner has never changed it, so that it is good for changing it alone (ID8). */
const NEVER_CHANGED = 0;

export class SecretChanges {
  readonly #ports: SecretChangePorts;
  /** One for a connection, so that their number bounds it. */
  readonly #pending = new Map<number, Pending>();
  #count = 0;

  constructor(ports: SecretChangePorts) {
    this.#ports = ports;
  }

  /** The present password was right. */
  setPassword(connection: string, message: SetPasswordMessage): void {
    const { editing, configuration, emit, refuse } = this.#ports;
    const { readOnly } = editing;
    if (readOnly !== undefined) return refuse(connection, message, 'wrong-state', readOnly);
    const person = configuration().get('Person', message.user);
    if (person?.enabled !== true) {
      const text = `Person "${message.user}" is disabled. Ask the administrator.`;
      return refuse(connection, message, 'account-disabled', text);
    }
    const unfit = unfitnessOf(configuration(), person, message);
    if (unfit !== undefined) return refuse(connection, message, 'password-unfit', unfit);
    const id = this.#begin({ connection, person: person.name, message });
    emit({ type: 'hashPassword', id, password: message.newPassword });
  }

  /** `user`: who has logged in there. */
  asked(
    now: Millis,
    connection: string,
    user: string | undefined,
    message: Exclude<Message, SetPasswordMessage>,
  ): void {
    const { editing, configuration, refuse } = this.#ports;
    const person = configuration().get('Person', user ?? '');
    if (person === undefined) return refuse(connection, message, 'not-allowed', 'Log in first.');
    const { readOnly } = editing;
    if (readOnly !== undefined) return refuse(connection, message, 'wrong-state', readOnly);
    switch (message.type) {
      case 'RotateKeys':
        return this.#rotateKeys(connection, person, message);
      case 'ResetPassword':
        return this.#resetPassword(connection, person, message);
      case 'Revoke':
        return this.#revoke(now, connection, person, message);
      default:
        unreachable(message);
    }
  }

  #rotateKeys(connection: string, person: Person, message: RotateKeysMessage): void {
    const { emit, refuse } = this.#ports;
    if (person.rank !== 'administrator') {
      const text = `"${person.name}" is ${person.rank}: administrators change the keys of the servers.`;
      return refuse(connection, message, 'not-allowed', text);
    }
    emit({ type: 'makeKeys', id: this.#begin({ connection, person: person.name, message }) });
  }

  /** ID12 */
  #resetPassword(connection: string, person: Person, message: ResetPasswordMessage): void {
    const { configuration, emit, refuse } = this.#ports;
    const { user, newPassword } = message;
    if (user === person.name) return refuse(connection, message, 'not-allowed', BY_SET_PASSWORD);
    const whose = configuration().get('Person', user);
    if (whose === undefined) return refuse(connection, message, 'not-found', `There is no Person "${user}".`);
    // Who may not set it has nothing hashed.
    const after = { ...whose, passwordHash: '', passwordChangedAt: NEVER_CHANGED };
    const verdict = mayEdit(person, { key: `Person/${user}`, before: whose, after }, configuration());
    if (!verdict.ok) return refuse(connection, message, 'not-allowed', verdict.text);
    const unfit = unfitnessOf(configuration(), whose, { newPassword });
    if (unfit !== undefined) return refuse(connection, message, 'password-unfit', unfit);
    emit({
      type: 'hashPassword',
      id: this.#begin({ connection, person: person.name, message }),
      password: newPassword,
    });
  }

  /** ID13 */
  #revoke(now: Millis, connection: string, { name: person }: Person, message: RevokeMessage): void {
    const { configuration, refuse, wall } = this.#ports;
    const { user, note } = message;
    const whose = configuration().get('Person', user);
    if (whose === undefined) return refuse(connection, message, 'not-found', `There is no Person "${user}".`);
    // Later than what was made in this millisecond, and than what the last revocation has let in.
    const tokensNotBefore = 1 + Math.max(Math.floor(wall(now)), whose.tokensNotBefore ?? 0);
    this.#edit(
      now,
      { connection, person, message },
      { key: `Person/${user}`, patch: { tokensNotBefore }, note },
    );
  }

  hashed(now: Millis, id: number, passwordHash: string): void {
    const pending = this.#end(id);
    if (pending === undefined) return;
    const { message } = pending;
    if (message.type === 'SetPassword') {
      const patch = { passwordHash, passwordChangedAt: Math.floor(this.#ports.wall(now)) };
      this.#edit(now, pending, { key: `Person/${pending.person}`, patch });
    }
    if (message.type !== 'ResetPassword') return;
    const patch = { passwordHash, passwordChangedAt: NEVER_CHANGED };
    this.#edit(now, pending, { key: `Person/${message.user}`, patch, note: message.note });
  }

  made(now: Millis, id: number, fresh: Required<FreshKeys>): void {
    const pending = this.#end(id);
    if (pending?.message.type !== 'RotateKeys') return;
    const { configuration, refuse, wall } = this.#ports;
    const { connection, message } = pending;
    const [keys] = configuration().all('Keys');
    if (keys === undefined)
      return refuse(connection, message, 'not-found', 'There is no Keys object. Make one.');
    const { what, isStolen } = message;
    const chosen: FreshKeys = {
      ...(what.includes('tokenKey') && { tokenKey: fresh.tokenKey }),
      ...(what.includes('nonceKey') && { nonceKey: fresh.nonceKey }),
      ...(what.includes('serverSecret') && { serverSecret: fresh.serverSecret }),
    };
    const rotation = rotated(keys, chosen, { wall: Math.floor(wall(now)), isStolen });
    if (!rotation.ok) return refuse(connection, message, 'wrong-state', rotation.text);
    const { tokenKeys, nonceKeys, serverSecret, serverSecretFormer = null } = rotation.keys;
    const patch = { tokenKeys, nonceKeys, serverSecret, serverSecretFormer };
    this.#edit(now, pending, { key: `Keys/${keys.name}`, patch });
  }

  /** Nobody is there any more to hear of it: all stays as it is. */
  forget(connection: string): void {
    for (const [id, pending] of this.#pending)
      if (pending.connection === connection) this.#pending.delete(id);
  }

  #begin(pending: Pending): number {
    this.forget(pending.connection);
    this.#count += 1;
    this.#pending.set(this.#count, pending);
    return this.#count;
  }

  #end(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #edit(
    now: Millis,
    { connection, person: name, message }: Pending,
    { note, ...edit }: Edit & { readonly note?: string | undefined },
  ): void {
    const person = this.#ports.configuration().get('Person', name);
    if (person === undefined) {
      const text = `There is no Person "${name}" any more.`;
      return this.#ports.refuse(connection, message, 'not-found', text);
    }
    const { ReferenceID } = message;
    const asker = { connection, person, from: this.#ports.originOf(connection) };
    const request = { type: 'Edit' as const, ReferenceID, dryRun: false, edits: [edit] };
    this.#ports.editing.edit(now, asker, note === undefined ? request : { ...request, note });
  }
}

export const BY_SET_PASSWORD =
  'The own password is set by SetPassword, which asks for the present one. Use that.';

const OF_PASSWORD = ['passwordHash', 'passwordChangedAt'];

/**
 * Whether this asks, by an edit like any other, for what SetPassword is for: whoever has come by a token, or by a desk that
 * stands open, must not be able to. An administrator may set every password.
 */
export function setsOwnPassword(person: Person, request: EditingRequest): boolean {
  if (person.rank === 'administrator') return false;
  const own = `Person/${person.name}`;
  if (request.type === 'Restore') return request.keys === undefined || request.keys.includes(own);
  if (request.type !== 'Edit') return false;
  return request.edits.some(
    ({ key, patch }) =>
      key === own && patch !== null && OF_PASSWORD.some((field) => Object.hasOwn(patch, field)),
  );
}
