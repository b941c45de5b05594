/**
 * The opening of the link between the members of a pair, as either side of it:
 *
 *     backup                         primary
 *       ├── hello: who, nonce ─────────▶│
 *       │◀───────── hello: who, nonce ──┤
 *       ├── proof ─────────────────────▶│ is it the mate?
 *       │◀───────────────────── proof ──┤
 *     is it the mate?
 *
 * Nothing else is heard or said before. Whoever listens at the address in place of the mate learns no secret by it.
 */
import type { Millis } from '@holdfast/kernel';
import { unreachable } from '@holdfast/kernel';
import { type MirrorMessage, PROTOCOL_VERSION, PROTOCOL_VERSION_OLDEST } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import {
  isProof,
  type ProofBy,
  type ProofOf,
  type ProofSide,
  proofOf,
  type ServerSecret,
} from '../server-proof.ts';

type Hello = Extract<MirrorMessage, { type: 'hello' }>;

/** Two members are administered as one; clocks further apart are told, as log lines and tokens are compared by them. */
export const CLOCK_APART_MAX_MS = 2_000;
/** Of what a stranger says of itself, in a line of the log. */
const NAME_SHOWN_MAX = 100;

export interface GreetingOptions {
  readonly application: string;
  readonly process: string;
  readonly mate: string;
  readonly secret: ServerSecret;
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
  /** The backup. */
  readonly connects: boolean;
  /** Of this connection alone. */
  readonly nonce: string;
  /** Our wall clock as the connection opened, ms since 1970. */
  readonly wall: Millis;
}

export type Greeting =
  | { readonly name: 'awaits-hello' }
  | { readonly name: 'awaits-proof'; readonly of: ProofOf; readonly clockApartMs: Millis }
  /** `clockApartMs`: the mate's wall clock minus ours, as far as that can be told. */
  | { readonly name: 'known'; readonly clockApartMs: Millis }
  | { readonly name: 'refused'; readonly because: string };

export interface GreetingStep {
  readonly state: Greeting;
  readonly send: readonly MirrorMessage[];
}

export function startGreeting(own: GreetingOptions): GreetingStep {
  return { state: { name: 'awaits-hello' }, send: own.connects ? [helloOf(own)] : [] };
}

/** Not after it is known or refused: then the message is of another kind, or nobody's. */
export function stepGreeting(own: GreetingOptions, state: Greeting, message: MirrorMessage): GreetingStep {
  switch (state.name) {
    case 'awaits-hello':
      return message.type === 'hello' ? hello(own, message) : refused('it did not say who it is');
    case 'awaits-proof':
      return message.type === 'proof'
        ? proof(own, state, message.proof)
        : refused('it did not show that it holds the server secret');
    case 'known':
    case 'refused':
      return { state, send: [] };
    default:
      return unreachable(state);
  }
}

function helloOf({ application, process, nonce, wall }: GreetingOptions): Hello {
  return { type: 'hello', version: PROTOCOL_VERSION, application, process, nonce, wall };
}

function hello(own: GreetingOptions, message: Hello): GreetingStep {
  const { application, version, process, nonce, wall = own.wall } = message;
  if (version < PROTOCOL_VERSION_OLDEST || nonce === undefined)
    return refused(
      `it speaks version ${version}, and the oldest that is understood between servers is ${PROTOCOL_VERSION_OLDEST}: update it`,
    );
  if (application !== own.mate)
    return refused(`it runs as "${application.slice(0, NAME_SHOWN_MAX)}", and the mate is "${own.mate}"`);
  const ours: ProofSide = { application: own.application, name: own.process, nonce: own.nonce };
  const theirs: ProofSide = { application, name: process, nonce };
  const of: ProofOf = own.connects
    ? { link: 'mate', connector: ours, listener: theirs }
    : { link: 'mate', connector: theirs, listener: ours };
  return {
    state: { name: 'awaits-proof', of, clockApartMs: wall - own.wall },
    send: [own.connects ? proofBy(own, 'connector', of) : helloOf(own)],
  };
}

function proof(
  own: GreetingOptions,
  { of, clockApartMs }: Extract<Greeting, { name: 'awaits-proof' }>,
  given: string,
): GreetingStep {
  const by = own.connects ? 'listener' : 'connector';
  if (!isProof(own.hashes, own.secret, { given, by, of }))
    return refused('it does not show the server secret');
  return {
    state: { name: 'known', clockApartMs },
    send: own.connects ? [] : [proofBy(own, 'listener', of)],
  };
}

function proofBy({ hashes, secret }: GreetingOptions, by: ProofBy, of: ProofOf): MirrorMessage {
  return { type: 'proof', proof: proofOf(hashes, secret, by, of) };
}

function refused(because: string): GreetingStep {
  return { state: { name: 'refused', because }, send: [] };
}
