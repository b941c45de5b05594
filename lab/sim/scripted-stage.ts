/**
 * A scripted world: a small centre of both families in which one disaster of the live scenarios happens, at instants, over a
 * network and with clocks that the seed draws. Of two seeds one is otherwise calm, and each desk has to do exactly what
 * the scenario says; in the other a plan of all faults holds at the same time, and the promises for all worlds count:
 * nobody routable twice, the voice moved by no lesser link, everybody at work when all is healed; and beside them, in both,
 * what the scenario promises at every moment.
 */

import { thirdPartyName } from '@holdfast/centre';
import type { DeskInput, DeskView, LinkKind } from '@holdfast/desk';
import { must } from '@holdfast/kernel';
import type { ConfigObject, OptionSections } from '@holdfast/protocol';
import { apply } from './checkers.ts';
import type { PairTargets, SiteTargets } from './fault-targets.ts';
import { planFaults } from './faults.ts';
import { injectFaults } from './inject-faults.ts';
import type { Host, Process } from './process.ts';
import type { SeedResult } from './seed-result.ts';
import { WHOLE_FAULTS, WholeWorld } from './whole.ts';
import { SITES } from './whole-centre.ts';
import type { WholeDefect } from './whole-defects.ts';
import type { DeskProgram } from './whole-desk.ts';
import { type Kind, PLAIN } from './whole-kinds.ts';
import type { PairMemberProgram } from './whole-pair-member.ts';
import type { Person } from './whole-person.ts';
import type { SipServerProgram } from './whole-sip-server.ts';
import { World } from './world.ts';

export interface Script {
  /** Of the live scenario. */
  readonly name: string;
  /** Options of Workspace, and of the third-party desktop of each site, over those of every script. */
  readonly workspace?: Readonly<Record<string, string>>;
  readonly thirdParty?: (site: string) => Readonly<Record<string, string>>;
  /** Everybody sits at the place of a neighbour of the other site. */
  readonly isHotSeating?: boolean;
  /** The sites whose SIP Server is a pair. */
  readonly pairs?: readonly string[];
  /** More than in most: some stand, and some wait, at any time. */
  readonly callsPerSecond?: number;
  /**
   * What this scenario's options promise at every moment, whatever else breaks. A scenario without them promises in
   * particular only what its own disaster leads to, and the promises of all worlds hold beside it.
   */
  readonly always?: readonly Promised[];
  run(stage: Stage): void;
}

export interface Promised {
  readonly name: string;
  holds(person: Person, stage: Stage): boolean;
}

/** The same for both families, so that one sentence holds for either. */
export const SITE_TIMEOUT_MS = 10_000;
export const PHONE_TIMEOUT_MS = 10_000;
/** A phone's registration, with a repetition or two on a poor network. */
export const EXPIRES_MAX_MS = 45_000;
/** Detection by silence (third-party: ADDP of 20 s, twice), a time-out, a phone's way to the other site, log-in. */
export const MOVE_MAX_MS = 90_000;

const AGENTS = 8;
/** Each scheme in either family, at each site. */
const SCHEMES = ['active-backup', 'active-backup', 'dual', 'dual'] as const;
const STEP_MS = 100;
const FAULTS_MS = 90_000;
const SETTLE_MS = 150_000;

export function runScript(
  script: Script,
  seed: number,
  options: { readonly defect?: WholeDefect; readonly tracing?: boolean } = {},
): SeedResult {
  const world = new World(seed);
  world.tracing = options.tracing ?? false;
  const isBroken = seed % 2 === 1;
  const centre = new WholeWorld(world, {
    ...{ agents: AGENTS, schemes: SCHEMES, siteTimeoutS: SITE_TIMEOUT_MS / 1000 },
    ...{ callsPerSecond: script.callsPerSecond ?? 0.1, pairs: script.pairs ?? [] },
    ...(options.defect === undefined ? {} : { defect: options.defect }),
    kinds: (index) => kindOf(index, script.isHotSeating === true),
    configured: (objects) => objects.map((object) => withOptions(object, script)),
  });
  const faults = new Map<string, number>();
  if (isBroken) {
    const wish = { healAt: FAULTS_MS, faultsMin: 4, faultsMax: 8, names: WHOLE_FAULTS };
    injectFaults(world, planFaults(world.fork(2), wish), centre.targets, faults);
  }
  // The script breaks things too, at any time: a leg that is left alone is given the time of a disaster.
  const always = { name: 'site-kill', at: 0, until: Number.MAX_SAFE_INTEGER, pick: 0, size: 0 } as const;
  const sampled = centre.watch({ faults: [always], healAt: Number.MAX_SAFE_INTEGER });
  const stage = new Stage(world, centre, { isBroken, always: script.always ?? [] });
  script.run(stage);
  stage.end();
  const { failure, at: virtualMs, steps } = world;
  const failed = failure && { ...failure, detail: `${script.name}: ${failure.detail}` };
  const { hash } = world.trace;
  const trace = world.tracing ? world.trace.lines(4_000) : [];
  return { ...{ seed, failed, faults, rules: centre.rules, sampled }, ...{ virtualMs, steps, hash, trace } };
}

function isThirdParty(index: number): boolean {
  return (index >> 1) % 2 === 1;
}

function kindOf(index: number, isHotSeating: boolean): Kind {
  const family = isThirdParty(index) ? ('agent-desktop' as const) : ('interaction-workspace' as const);
  return { ...PLAIN, family, hotSeat: isHotSeating ? index ^ 1 : undefined };
}

function withOptions(object: ConfigObject, { workspace, thirdParty }: Script): ConfigObject {
  const names = SITES.map(({ name }) => name);
  if (object.objectType === 'Person') {
    const index = Number(/^agent7(\d+)$/.exec(object.name)?.[1] ?? 0) - 1;
    if (index < 0 || !isThirdParty(index)) return object;
    const [first = '', second = ''] = index % 2 === 0 ? names : [...names].reverse();
    const desktop = { 'site-1': thirdPartyName(first), 'site-2': thirdPartyName(second) };
    return { ...object, options: { ...object.options, 'agent-desktop': desktop } };
  }
  if (object.objectType !== 'Application') return object;
  const lay = (options: OptionSections) => ({ ...object, options: { ...object.options, ...options } });
  if (object.type === 'Workspace') {
    const section = { ...object.options['interaction-workspace'], ...workspace };
    return lay({ 'interaction-workspace': section });
  }
  const site = names.find((name) => object.name === thirdPartyName(name));
  if (site === undefined) return object;
  const timeouts = {
    'site-timeout': seconds(SITE_TIMEOUT_MS),
    'site-sip-register-timeout': seconds(PHONE_TIMEOUT_MS),
  };
  return lay({ 'agent-desktop': thirdParty?.(site) ?? timeouts });
}

function seconds(ms: number): string {
  return String(ms / 1000);
}

export class Stage {
  readonly centre: WholeWorld;
  readonly world: World;
  /** Faults of all kinds hold besides: what each desk does is not the script's alone. */
  readonly isBroken: boolean;
  readonly #always: readonly Promised[];
  /** Where each has worked since the last look back; null for nowhere. */
  readonly #worked = new Map<Person, Set<string | null>>();

  constructor(
    world: World,
    centre: WholeWorld,
    { isBroken, always }: { readonly isBroken: boolean; readonly always: readonly Promised[] },
  ) {
    this.world = world;
    this.centre = centre;
    this.isBroken = isBroken;
    this.#always = always;
  }

  get people(): readonly Person[] {
    return this.centre.people;
  }

  /** Whose own site it is, of one family or of both. */
  of(site: string, family?: Kind['family']): Person[] {
    return this.people.filter(
      (person) => this.homeOf(person) === site && (family === undefined || person.family === family),
    );
  }

  homeOf(person: Person): string {
    return Number(person.user.slice(-1)) % 2 === 1 ? 'north' : 'south';
  }

  /** Of the seat, which is not the person's own where seats are hot. */
  isDual(person: Person): boolean {
    return SCHEMES[((Number(person.dn.slice(-1)) - 1) >> 1) % SCHEMES.length] === 'dual';
  }

  server(name: string): Process {
    const found = this.world.processes.find((process) => process.name === name);
    if (found === undefined) throw new Error(`this world has no ${name}`);
    return found;
  }

  site(name: string): SiteTargets {
    return must(
      this.centre.targets.sites.find((site) => site.name === name),
      'a site of this world',
    );
  }

  /** Where the SIP Server of that site is a pair. */
  pair(site: string): PairTargets {
    return must(this.site(site).pair, 'a script that names its pairs');
  }

  /** Whoever serves at that site, a pair, has a mate that holds all. */
  isInStep(site: string): boolean {
    const program = this.pair(site).primary()?.program as PairMemberProgram | undefined;
    return program?.mateState === 'in-step';
  }

  /** All hosts of these cannot reach those any more, nor the reverse; mended by what is returned. */
  cut(some: readonly Host[], others: readonly Host[]): () => void {
    const { net } = this.world;
    const paths = some.flatMap((one) =>
      others.flatMap(
        (other) =>
          [
            [one, other],
            [other, one],
          ] as const,
      ),
    );
    for (const [from, to] of paths) net.cut(from, to);
    return () => net.mend(paths);
  }

  /** By its number, at the site where the person works; undefined for nobody. */
  loginOf(person: Person): number | undefined {
    const site = this.centre.sites.find(({ name }) => name === person.view?.site);
    const program = site?.process.program as SipServerProgram | undefined;
    return program?.parts?.centre.loginOf(person.user)?.epoch.number;
  }

  kill(name: string): void {
    this.world.kill(this.server(name));
  }

  start(name: string): void {
    this.startProcess(this.server(name));
  }

  /** A fault may have killed it meanwhile, and starts it again by itself. */
  startProcess(process: Process): void {
    if (process.state === 'dead') this.world.start(process);
  }

  /** Who sits where this person would sit on other days. */
  neighbourOf(person: Person): Person {
    const index = Number(person.user.slice(-1)) - 1;
    return must(
      this.people.find(({ user }) => Number(user.slice(-1)) - 1 === (index ^ 1)),
      'agents come in pairs',
    );
  }

  /** That the site of the login has this person on the extension of the seat. */
  isLoggedInOnDN({ user, dn, view }: Person): boolean {
    const site = this.centre.sites.find(({ name }) => name === view?.site);
    const program = site?.process.program as SipServerProgram | undefined;
    return program?.parts?.centre.agentOn(dn)?.person === user;
  }

  advance(ms: number): void {
    const end = this.world.at + ms;
    while (this.world.at < end && this.world.failure === undefined) {
      this.world.run(Math.min(end, this.world.at + STEP_MS));
      for (const person of this.people) this.#worked.get(person)?.add(person.view?.site ?? null);
      for (const { name, holds } of this.#always) {
        const wrong = this.people.find((person) => !holds(person, this));
        if (wrong !== undefined) this.world.fail(name, wrong.describe());
      }
    }
  }

  /** Until it is so, or for as long as that. */
  wait(maxMs: number, isSo: () => boolean): void {
    const end = this.world.at + maxMs;
    while (this.world.at < end && this.world.failure === undefined && !isSo()) this.advance(STEP_MS);
  }

  /** Until it holds; that it never did is a failure of this name. */
  until(name: string, maxMs: number, holds: (person: Person) => boolean, people = this.people): void {
    const end = this.world.at + maxMs;
    while (this.world.at < end && this.world.failure === undefined && !people.every(holds))
      this.advance(STEP_MS);
    this.each(name, holds, people);
  }

  /** That it holds for everybody, and that there is somebody. */
  each(name: string, holds: (person: Person) => boolean, people = this.people): void {
    if (this.isBroken) return;
    const wrong = people.filter((person) => !holds(person));
    if (people.length === 0) this.world.fail(name, 'there is nobody to look at (ME3)');
    if (wrong[0] !== undefined)
      this.world.fail(name, `${wrong.length} of ${people.length}: ${wrong[0].describe()}`);
  }

  worksAt(person: Person, site: string): boolean {
    return person.view?.site === site && person.view.state === 'Ready';
  }

  link(view: DeskView | undefined, kind: LinkKind) {
    return view?.links.find((link) => link.kind === kind);
  }

  press(person: Person, input: DeskInput): void {
    const { desk } = person;
    this.world.act(desk, () => (desk.program as DeskProgram).press(desk.now(), input));
  }

  /** From now on `stayed` looks back to here. */
  mark(): void {
    for (const person of this.people) this.#worked.set(person, new Set([person.view?.site ?? null]));
  }

  /** Whether the person has worked nowhere but there, without a break. */
  stayedAt(person: Person, ...sites: readonly (string | null)[]): boolean {
    return [...(this.#worked.get(person) ?? [])].every((site) => sites.includes(site));
  }

  /** All is healed, everybody wants to work again, nobody calls: then what holds for every world at its end. */
  end(): void {
    const { world, centre } = this;
    for (const person of this.people) person.comesBack();
    centre.healAt(Math.max(world.at, FAULTS_MS) - SETTLE_MS / 4);
    this.advance(Math.max(world.at, FAULTS_MS) + SETTLE_MS - world.at);
    if (world.failure === undefined) apply(world, centre.finalChecks());
  }
}
