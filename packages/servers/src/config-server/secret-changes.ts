/**
 * What is changed here without being shown: a person's own password (ID9), and the keys that the servers share (ID11). What
 * comes of it is an edit like any other.
 *
 *     SetPassword ──▶ verifyPassword ──▶ fit? ──▶ hashPassword ──┬──▶ the editor ──▶ Edited
 *     RotateKeys ──▶ an administrator? ──▶ makeKeys ─────────────┘
 */
import type { Configuration } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import type { ConfigRequest, ErrorCode, Person } from '@holdfast/protocol';
import type { ConfigServerEffect } from './config-server-types.ts';
import type { Editing, EditingRequest } from './editing.ts';
import { unfitnessOf } from './password-rules.ts';
import { type FreshKeys, rotated } from './rotated-keys.ts';

export type SetPasswordMessage = Extract<ConfigRequest, { type: 'SetPassword' }>;
export type RotateKeysMessage = Extract<ConfigRequest, { type: 'RotateKeys' }>;
type Message = SetPasswordMessage | RotateKeysMessage;

export interface SecretChangePorts {
  /** What answers the person in the end. */
  readonly editing: Pick<Editing, 'readOnly' | 'edit'>;
  configuration(): Configuration;
  emit(effect: Extract<ConfigServerEffect, { type: 'hashPassword' | 'makeKeys' }>): void;
  refuse(connection: string, message: Message, code: ErrorCode, text: string): void;
  /** As which the client runs. */
  applicationOf(connection: string): string;
  wall(now: Millis): Millis;
}

interface Pending {
  readonly connection: string;
  readonly person: string;
  readonly message: Message;
}

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
  rotateKeys(connection: string, user: string | undefined, message: RotateKeysMessage): void {
    const { editing, configuration, emit, refuse } = this.#ports;
    const person = configuration().get('Person', user ?? '');
    if (person === undefined) return refuse(connection, message, 'not-allowed', 'Log in first.');
    if (person.rank !== 'administrator') {
      const text = `"${person.name}" is ${person.rank}: administrators change the keys of the servers.`;
      return refuse(connection, message, 'not-allowed', text);
    }
    const { readOnly } = editing;
    if (readOnly !== undefined) return refuse(connection, message, 'wrong-state', readOnly);
    emit({ type: 'makeKeys', id: this.#begin({ connection, person: person.name, message }) });
  }

  hashed(now: Millis, id: number, passwordHash: string): void {
    const pending = this.#end(id);
    if (pending?.message.type !== 'SetPassword') return;
    const patch = { passwordHash, passwordChangedAt: Math.floor(this.#ports.wall(now)) };
    this.#edit(now, pending, `Person/${pending.person}`, patch);
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
    this.#edit(now, pending, `Keys/${keys.name}`, patch);
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
    key: string,
    patch: Readonly<Record<string, unknown>>,
  ): void {
    const person = this.#ports.configuration().get('Person', name);
    if (person === undefined) {
      const text = `There is no Person "${name}" any more.`;
      return this.#ports.refuse(connection, message, 'not-found', text);
    }
    const { ReferenceID } = message;
    const edits = [{ key, patch: { ...patch } }];
    const asker = { connection, person, from: this.#ports.applicationOf(connection) };
    this.#ports.editing.edit(now, asker, { type: 'Edit', ReferenceID, dryRun: false, edits });
  }
}

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
