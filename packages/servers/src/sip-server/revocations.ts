/**
 * Who may no longer be here (ID3): a new configuration has disabled or deleted the Person, has revoked its log-in, or has
 * taken away the rank by which it watches everybody.
 *
 *     configuration ──▶ agents are logged out ──▶ their desks hear it ──▶ their connections end
 *
 * In that order, so that a desk knows why it is out before it finds nobody at the other end.
 */
import { type Centre, endOfToken } from '@holdfast/centre';
import { type ErrorCode, isSupervisor, LOGOUT_REASONS } from '@holdfast/protocol';
import type { Client, Clients } from './clients.ts';
import type { SipPerson } from './configuration.ts';
import { disabled, TOKEN_REFUSED } from './refusals.ts';
import type { SiteRequestPorts } from './site-requests.ts';

export interface RevocationPorts extends Pick<SiteRequestPorts, 'tell'> {
  readonly clients: Clients;
  readonly centre: Pick<Centre, 'agents'>;
  /** Undefined for who is disabled, or no Person. */
  personOf(name: string): SipPerson | undefined;
  close(connection: string, why: string): void;
}

interface Refusal {
  readonly code: ErrorCode;
  readonly text: string;
}

const BOARD_NO_MORE: Refusal = {
  code: 'not-allowed',
  text: 'All DNs see supervisors only, and you are none any more. Register for single DNs.',
};

export class Revocations {
  readonly #ports: RevocationPorts;
  #ending: { readonly client: Client; readonly refusal: Refusal }[] = [];

  constructor(ports: RevocationPorts) {
    this.#ports = ports;
  }

  /** Why who shows this token, or has shown it, is not let in. */
  refusalOf(person: string, issuedWall: number): Refusal | undefined {
    const found = this.#ports.personOf(person);
    const end = endOfToken(found && { enabled: true, ...found }, issuedWall);
    if (end === undefined) return undefined;
    if (end === 'token-revoked') return { code: end, text: TOKEN_REFUSED[end] };
    return { code: 'account-disabled', text: disabled(person) };
  }

  /** With each configuration, and with what another server held. */
  look(): void {
    const { centre, clients, tell } = this.#ports;
    for (const { dn, person, epoch, tokenIssuedWall } of centre.agents()) {
      if (this.refusalOf(person, tokenIssuedWall) === undefined) continue;
      tell({ type: 'logout', dn, by: 'server', epoch, reason: LOGOUT_REASONS.revoked });
    }
    for (const client of clients.admitted()) {
      const refusal = this.#refusalOfClient(client);
      if (refusal !== undefined) this.#ending.push({ client, refusal });
    }
  }

  /** When what they are still to hear has been said. */
  close(): void {
    if (this.#ending.length === 0) return;
    const { clients, close } = this.#ports;
    for (const { client, refusal } of this.#ending) {
      const { connection } = client;
      if (clients.get(connection) !== client) continue;
      clients.send(connection, { type: 'Error', ...refusal });
      clients.drop(connection);
      close(connection, refusal.text);
    }
    this.#ending = [];
  }

  #refusalOfClient({ person, isServer, session }: Client): Refusal | undefined {
    if (person === undefined) return undefined;
    const refusal = this.refusalOf(person.name, person.tokenIssuedWall);
    if (refusal !== undefined) return refusal;
    const isBoard = session.all && !isServer;
    return isBoard && !isSupervisor(this.#ports.personOf(person.name)?.rank) ? BOARD_NO_MORE : undefined;
  }
}
