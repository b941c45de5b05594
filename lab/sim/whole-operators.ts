/**
 * The operators of all sites, and what they do of their own accord while the world breaks: a supervisor logs somebody
 * out, a program does for a reason that nobody knows (DS12), somebody is asked to move (SS44). A shutdown is a fault
 * of the plan; taking it back is repeated until the site has heard it.
 */
import { type Random, randomInteger } from '@holdfast/kernel';
import type { Process } from './process.ts';
import { TEAM_LEAD_REASON } from './whole-kinds.ts';
import { OperatorProgram, type OperatorRequest } from './whole-operator.ts';
import { CLIENT_PORT } from './whole-servers.ts';
import type { World } from './world.ts';

export interface OperatorsOptions {
  readonly until: number;
  readonly dns: readonly string[];
  /** Somebody has had a site shut down. */
  shutDown(): void;
}

const EVERY_MS = 30_000;
/** Who is asked for later is somewhere else by then. */
const ERRAND_MAX_MS = 10_000;
/** A shutdown that could not be asked for by now is no shutdown any more; its end is asked for until it is heard. */
const SHUTDOWN_MAX_MS = 5_000;

/** Of no list of `supervisor-logout-codes`. */
const UNKNOWN_REASON = 'end_of_season';

export class Operators {
  readonly #world: World;
  readonly #operators = new Map<string, Process>();
  /** Shutdowns of one site that hold together: the last to end takes it back. */
  readonly #shutdowns = new Map<string, number>();

  #toldOfShutdown: (() => void) | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  add(site: string, address: string): void {
    const host = this.#world.addHost(`operator.${site}`);
    const process = this.#world.addProcess(`operator-${site}`, host, (self) => {
      return new OperatorProgram(self, { site, server: { host: address, port: CLIENT_PORT } });
    });
    this.#operators.set(site, process);
  }

  get processes(): readonly Process[] {
    return [...this.#operators.values()];
  }

  shutDown(site: string): boolean {
    this.#shutdowns.set(site, (this.#shutdowns.get(site) ?? 0) + 1);
    this.#toldOfShutdown?.();
    return this.#ask(site, { type: 'GracefulShutdown', on: true }, SHUTDOWN_MAX_MS);
  }

  takeBack(site: string): void {
    const left = (this.#shutdowns.get(site) ?? 1) - 1;
    this.#shutdowns.set(site, left);
    if (left === 0) this.#ask(site, { type: 'GracefulShutdown', on: false }, Number.POSITIVE_INFINITY);
  }

  /** Without a reason it is a supervisor's logout. */
  logOut(site: string, dn: string, reason: string | undefined): void {
    const reasons = reason === undefined ? {} : { reasons: { LogoutReason: reason } };
    this.#ask(site, { type: 'AgentLogout', dn, ...reasons }, ERRAND_MAX_MS);
  }

  live(random: Random, options: OperatorsOptions): void {
    this.#toldOfShutdown = options.shutDown;
    const at = this.#world.at - Math.log(1 - random()) * EVERY_MS;
    if (at > options.until) return;
    this.#world.plan(at, () => {
      this.#act(random, options.dns);
      this.live(random, options);
    });
  }

  #act(random: Random, dns: readonly string[]): void {
    const sites = [...this.#operators.keys()];
    const pick = <One>(from: readonly One[]) => from[randomInteger(random, 0, from.length - 1)];
    const [site, dn, what] = [pick(sites), pick(dns), randomInteger(random, 0, 2)];
    const to = sites.find((one) => one !== site);
    if (site === undefined || dn === undefined || to === undefined) return;
    if (what === 0) this.logOut(site, dn, undefined);
    if (what === 1) this.logOut(site, dn, random() < 0.5 ? UNKNOWN_REASON : TEAM_LEAD_REASON);
    if (what === 2) this.#ask(site, { type: 'AskToMove', dn, to }, ERRAND_MAX_MS);
  }

  #ask(site: string, request: OperatorRequest, forMs: number): boolean {
    const process = this.#operators.get(site);
    if (process === undefined) return false;
    return this.#world.act(process, () => {
      (process.program as OperatorProgram).ask(process.now(), request, forMs);
    });
  }
}
