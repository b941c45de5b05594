/**
 * People come in: by password, which is slow to check on purpose and therefore an effect whose result comes back
 * as an input, or by the token of an earlier log-in, which either site recognises by itself. Whoever is known
 * must also be let in by the configuration: enabled, and an agent with a place, a site and servers.
 */
import {
  type Configuration,
  deskConfiguration,
  endOfToken,
  levelOf,
  mayUnlock,
  optionValue,
} from '@holdfast/centre';
import { type Millis, unreachable } from '@holdfast/kernel';
import {
  type Application,
  type ConfigReply,
  type ConfigRequest,
  type ErrorCode,
  OPTIONS,
  type Person,
  TOKEN_CLOCK_SKEW_MAX_MS,
} from '@holdfast/protocol';
import type { ConfigServerEffect, ConfigServerOptions } from './config-server-types.ts';
import { LoginFailures } from './login-failures.ts';
import { isPasswordExpired } from './password-rules.ts';
import type { SetPasswordMessage } from './secret-changes.ts';

/** Log-ins by password that wait or are being checked; at 235 a second on two cores this is about a second of work. */
export const VERIFICATIONS_MAX = 256;
/** Being checked at a time: enough to keep a pool of four threads at work. What waits here can still be taken back. */
export const CHECKS_MAX = 8;
/** So far ahead of the clock here a token may say that it was made; a server whose clock is behind takes it all the same. */
const ISSUED_AHEAD_MAX_MS = TOKEN_CLOCK_SKEW_MAX_MS / 2;
/** What who comes too early is told to wait. */
const OVERLOAD_PAUSE_MS = 1_000;

export type LogInMessage = Extract<ConfigRequest, { type: 'LogIn' }>;
export type LogInByTokenMessage = Extract<ConfigRequest, { type: 'LogInByToken' }>;

/** Who is in over a connection, and by a token of when: wall clock, ms since 1970. */
export interface Session {
  readonly person: string;
  readonly issuedWall: Millis;
}

export type LogInResult =
  | {
      readonly ok: true;
      readonly session: Session;
      readonly reply: Extract<ConfigReply, { type: 'LoggedIn' }>;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly text: string; readonly retryAfterMs?: number };

type Refused = Extract<LogInResult, { ok: false }>;

const DESKTOPS: ReadonlySet<Application['type']> = new Set(['Workspace', 'ThirdPartyApplication']);

export interface Verification {
  readonly connection: string;
  readonly message: LogInMessage | SetPasswordMessage;
}

export class LogIns {
  readonly #options: ConfigServerOptions;
  readonly #failures = new LoginFailures();
  /** In the order in which they came. */
  readonly #waiting = new Map<number, Verification>();
  readonly #checking = new Map<number, Verification>();
  #count = 0;

  constructor(options: ConfigServerOptions) {
    this.#options = options;
  }

  /** In line for its check, or a refusal. One at a time for a connection. */
  begin(now: Millis, connection: string, message: Verification['message']): Refused | undefined {
    for (const pending of [...this.#waiting.values(), ...this.#checking.values()])
      if (pending.connection === connection)
        return refusal('wrong-state', 'A log-in of this connection is being checked. Wait for its answer.');
    if (this.#waiting.size + this.#checking.size >= VERIFICATIONS_MAX)
      return refusal('overloaded', 'Too many log-ins at once. Try again in a second.', OVERLOAD_PAUSE_MS);
    const waitMs = this.#failures.begin(message.user, now);
    if (waitMs > 0) {
      const text = `Too many failed log-ins of "${message.user}". Try again in ${Math.ceil(waitMs / 1000)} s.`;
      return refusal('too-many-failures', text, waitMs);
    }
    this.#count += 1;
    this.#waiting.set(this.#count, { connection, message });
    return undefined;
  }

  /** Of those in line whose turn has come; each is answered under its number. */
  takeChecks(configuration: Configuration): ConfigServerEffect[] {
    const checks: ConfigServerEffect[] = [];
    for (const [id, verification] of this.#waiting) {
      if (this.#checking.size >= CHECKS_MAX) break;
      this.#waiting.delete(id);
      this.#checking.set(id, verification);
      const { user, password } = verification.message;
      const hash = configuration.get('Person', user)?.passwordHash;
      checks.push({ type: 'verifyPassword', id, ...(hash === undefined ? {} : { hash }), password });
    }
    return checks;
  }

  /**
   * That connection is gone. Without this, clients that run out of patience and come again would fill the line
   * with checks that nobody waits for, until the server does nothing else.
   */
  abandon(now: Millis, connection: string): void {
    for (const [id, { connection: whose, message }] of this.#waiting) {
      if (whose !== connection) continue;
      this.#waiting.delete(id);
      this.#failures.abandoned(message.user, now);
    }
  }

  /** CP3: undefined when it is done. */
  unlock(
    now: Millis,
    configuration: Configuration,
    session: Session | undefined,
    user: string,
  ): Refused | undefined {
    const person = session && configuration.get('Person', session.person);
    if (person === undefined) return refusal('not-allowed', 'Log in first.');
    const locked = configuration.get('Person', user);
    if (locked === undefined) return refusal('not-found', `There is no Person "${user}".`);
    const verdict = mayUnlock(person, locked, configuration);
    if (!verdict.ok) return refusal('not-allowed', verdict.text);
    this.#failures.forgive(user, now);
    return undefined;
  }

  /** Whose check this was, and whether the password was right; undefined for a number that is not pending. */
  verified(now: Millis, id: number, ok: boolean): (Verification & { readonly ok: boolean }) | undefined {
    const verification = this.#checking.get(id);
    if (verification === undefined) return undefined;
    this.#checking.delete(id);
    this.#failures.ended(verification.message.user, ok, now);
    return { ...verification, ok };
  }

  /** The password was right. `canBeSet`: a new one could be set here and now. */
  byPassword(
    wall: Millis,
    configuration: Configuration,
    { application, canBeSet }: { readonly application: Application; readonly canBeSet: boolean },
    message: LogInMessage,
  ): LogInResult {
    const person = configuration.get('Person', message.user);
    if (person === undefined) return refusal('wrong-password', 'The user name or the password is wrong.');
    // ID8: nobody is kept out by what nobody can mend.
    if (canBeSet && person.enabled && isPasswordExpired(configuration, person, wall))
      return refusal('password-expired', `The password of "${person.name}" has expired. Set a new one.`);
    // ID4: who has just been revoked, by a clock that is ahead of ours, gets a token that counts.
    const issuedAt = Math.floor(Math.max(wall, person.tokensNotBefore ?? 0));
    if (issuedAt > wall + ISSUED_AHEAD_MAX_MS) return revokedAhead(person.name, issuedAt);
    const expiresAt = wall + this.#tokenLifeMs(configuration);
    const content = { person: person.name, rank: person.rank, issuedAt, expiresAt };
    return admit(configuration, { application, person, issuedWall: issuedAt }, message, () => ({
      token: this.#options.signToken(content, configuration),
      expiresAt,
    }));
  }

  byToken(
    wall: Millis,
    configuration: Configuration,
    application: Application,
    message: LogInByTokenMessage,
  ): LogInResult {
    const { token } = message;
    const reading = this.#options.verifyToken(token, wall, configuration);
    if (!reading.ok) return refusal(reading.code, 'The token does not let you in. Log in by password.');
    const { issuedWall, expiresAt } = reading;
    const person = configuration.get('Person', reading.person);
    const ended = refusalOfSession(configuration, { person: reading.person, issuedWall });
    if (person === undefined || ended !== undefined)
      return ended ?? refusal('token-invalid', noPerson(reading.person));
    return admit(configuration, { application, person, issuedWall }, message, () => ({ token, expiresAt }));
  }

  #tokenLifeMs(configuration: Configuration): Millis {
    const own = configuration.get('Application', this.#options.application);
    const levels = own === undefined ? [] : [levelOf(`Application/${own.name}`, own)];
    return 1000 * optionValue(OPTIONS.holdfast['token-life'], levels);
  }
}

/** ID2, ID4: why nobody is in by such a token any more; undefined while it counts. */
export function refusalOfSession(
  configuration: Configuration,
  { person, issuedWall }: Session,
): Refused | undefined {
  const end = endOfToken(configuration.get('Person', person), issuedWall);
  switch (end) {
    case undefined:
      return undefined;
    case 'token-invalid':
      return refusal(end, noPerson(person));
    case 'account-disabled':
      return refusal(end, disabled(person));
    case 'token-revoked':
      return refusal(end, `The log-in of "${person}" has been revoked. Log in by password.`);
    default:
      return unreachable(end);
  }
}

interface Admitted {
  readonly application: Application;
  readonly person: Person;
  readonly issuedWall: Millis;
}

/** Who it is has been shown; whether the configuration lets them work is decided here. */
function admit(
  configuration: Configuration,
  { application, person, issuedWall }: Admitted,
  message: LogInMessage | LogInByTokenMessage,
  makeToken: () => { readonly token: string; readonly expiresAt: Millis },
): LogInResult {
  if (!person.enabled) return refusal('account-disabled', disabled(person.name));
  const { ReferenceID } = message;
  const session = { person: person.name, issuedWall };
  // CS16: nobody comes to work at a desk through a server.
  if (!DESKTOPS.has(application.type))
    return { ok: true, session, reply: { type: 'LoggedIn', ReferenceID, ...makeToken() } };
  const { places = [] } = message;
  // ID1.
  const answer =
    person.rank === 'auditor'
      ? { ok: false as const, text: `"${person.name}" is an auditor, who reads and takes no calls.` }
      : deskConfiguration(configuration, { person, application, places });
  // CS15: whoever is to mend the configuration cannot wait until it makes a desk for them.
  if (!answer.ok && person.rank === 'agent') return refusal('bad-configuration', answer.text);
  const desk = answer.ok ? { configuration: answer.configuration } : { noDesk: answer.text };
  const reply = { type: 'LoggedIn' as const, ReferenceID, ...makeToken(), ...desk };
  return { ok: true, session, reply };
}

function revokedAhead(person: string, notBefore: Millis): Refused {
  const text = `Person "${person}" has tokensNotBefore ${notBefore}, which is ahead of the clock of this server: no token of now would count. Set that, or the clock.`;
  return refusal('bad-configuration', text);
}

function noPerson(person: string): string {
  return `There is no Person "${person}" any more.`;
}

function disabled(person: string): string {
  return `Person "${person}" is disabled. Ask the administrator.`;
}

function refusal(code: ErrorCode, text: string, retryAfterMs?: number): Refused {
  if (retryAfterMs === undefined) return { ok: false, code, text };
  // Whole, as the link has it: clocks of processes tell fractions.
  return { ok: false, code, text, retryAfterMs: Math.ceil(retryAfterMs) };
}
