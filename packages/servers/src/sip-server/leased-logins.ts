/**
 * Which login stands on which DN, as its lease has to know it: a lease begins and ends with the login that the centre has
 * admitted, and what becomes of a lease is told by DN.
 */
import type { Centre, CentreEffect } from '@holdfast/centre';
import type { SiteLease } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import type { LoginEpoch } from '@holdfast/protocol';

export interface AdmittedLogin {
  readonly dn: string;
  readonly person: string;
  readonly epoch: LoginEpoch;
}

export class LeasedLogins {
  readonly #centre: Centre;
  readonly #lease: SiteLease;
  readonly #logins = new Map<string, { readonly agentId: string; readonly epoch: LoginEpoch }>();
  readonly #dnOfAgent = new Map<string, string>();
  readonly #admitted: AdmittedLogin[] = [];

  constructor(centre: Centre, lease: SiteLease) {
    this.#centre = centre;
    this.#lease = lease;
  }

  /** SS52: whoever was logged in when the server before us ended. */
  takeOver(): void {
    for (const { dn, agentId, epoch } of this.#centre.agents()) {
      this.#logins.set(dn, { agentId, epoch });
      this.#dnOfAgent.set(agentId, dn);
      this.#lease.takenOver(agentId, epoch);
    }
  }

  follow({ name, dn }: Extract<CentreEffect, { type: 'event' }>): void {
    if (name === 'EventAgentLogout') {
      const login = this.#logins.get(dn);
      if (login === undefined) return;
      this.#logins.delete(dn);
      if (this.#dnOfAgent.get(login.agentId) === dn) this.#dnOfAgent.delete(login.agentId);
      this.#lease.ended(login.agentId, login.epoch);
    }
    const agent = name === 'EventAgentLogin' ? this.#centre.agentOn(dn) : undefined;
    if (agent === undefined) return;
    this.#logins.set(dn, { agentId: agent.agentId, epoch: agent.epoch });
    this.#dnOfAgent.set(agent.agentId, dn);
    this.#lease.admitted(agent.agentId, agent.epoch);
    this.#admitted.push({ dn, person: agent.person, epoch: agent.epoch });
  }

  /** A login that was admitted since this was last asked, the first one first. */
  takeAdmitted(): AdmittedLogin | undefined {
    return this.#admitted.shift();
  }

  /** DNs whose agent has become routable, or no longer is. */
  takeChanges(now: Millis): readonly { readonly dn: string; readonly routable: boolean }[] {
    return this.#lease.takeChanges(now).flatMap(({ agentId, routable }) => {
      const dn = this.#dnOfAgent.get(agentId);
      return dn === undefined ? [] : [{ dn, routable }];
    });
  }
}
