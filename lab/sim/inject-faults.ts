/**
 * Performs a schedule of disasters in a world: begins each at its time on what there is to hit, and ends it. Faults overlap; what two of
 * them hold is whole again when both have ended.
 */
import type { Millis } from '@holdfast/kernel';
import type { FaultTargets, PairTargets, SiteTargets } from './fault-targets.ts';
import { type Fault, type FaultPlan, RATE_ERROR_MAX } from './faults.ts';
import type { Host, Process } from './process.ts';
import type { World } from './world.ts';

/** An agent's machine that starts anew at once. */
const RESTART_MS = 300;
/** A standby that starts anew is looked at so often, and so long, whether it is joining. */
const LOOK_EVERY_MS = 1;
const JOINING_MAX_MS = 2_000;
/** A process that does no work is found by the failures of several probes in a row. */
const GREY_MIN_MS = 70_000;
/** Wall clocks are wrong by up to this after a jump. */
const WALL_JUMP_MAX_MS = 120_000;

/** Puts the plan into the world's future and counts what it does to `counts`. */
export function injectFaults(
  world: World,
  plan: FaultPlan,
  targets: FaultTargets,
  counts: Map<string, number>,
): void {
  const injector = new Injector(world, targets, plan.healAt);
  for (const fault of plan.faults) {
    world.plan(fault.at, () => {
      const end = injector.begin(fault);
      // The thing that it would hit does not exist in this world.
      if (end === undefined) return;
      counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
      world.note('fault', `${fault.name} begins`, { until: Math.round(fault.until) });
      world.plan(fault.until, () => {
        world.note('fault', `${fault.name} ends`, undefined);
        end();
      });
    });
  }
  world.plan(plan.healAt, () => world.note('fault', 'all is healed', undefined));
}

/** Faults overlap on the same process; each thing is whole again when the last that held it has ended. */
class Injector {
  readonly #world: World;
  readonly #targets: FaultTargets;
  readonly #healAt: Millis;
  readonly #down = new Map<Process, number>();
  readonly #stopped = new Map<Process, { life: number; count: number }>();
  readonly #dark = new Map<Host, number>();
  readonly #asleep = new Map<Host, { since: number; count: number; lives: Map<Process, number> }>();

  constructor(world: World, targets: FaultTargets, healAt: Millis) {
    this.#world = world;
    this.#targets = targets;
    this.#healAt = healAt;
  }

  /** Begins the fault and returns what ends it. */
  begin(fault: Fault): (() => void) | undefined {
    const { sites, desks, phones } = this.#targets;
    const site = sites[fault.pick % sites.length];
    if (site === undefined) return undefined;
    const desk = desks[(fault.pick >> 3) % Math.max(1, desks.length)];
    const phone = phones[(fault.pick >> 3) % Math.max(1, phones.length)];
    const server = site.processes[(fault.pick >> 5) % site.processes.length];
    switch (fault.name) {
      case 'site-kill':
        return this.#take(site.processes);
      case 'site-power-off':
        return this.#darken(site);
      case 'sip-server-kill':
        return this.#take([site.sipServer]);
      case 'graceful-shutdown':
        return site.shutDown() ? () => this.#endShutdown(site) : undefined;
      case 'process-restart':
        return server === undefined ? undefined : this.#take([server]);
      case 'process-pause':
        return server === undefined ? undefined : this.#stop([server], false);
      case 'process-pause-inside':
        return this.#stop([site.sipServer], true);
      case 'site-pause':
        return this.#stop(site.processes, false);
      case 'desk-restart':
        return desk === undefined ? undefined : this.#take([desk]);
      case 'desk-pause':
        return desk === undefined ? undefined : this.#stop([desk], fault.size < 0.3);
      case 'phone-loss':
        return phone === undefined ? undefined : this.#take([phone]);
      case 'dns-failure':
        return this.#dns();
      default:
        return this.#beginElsewhere(fault, site, desk);
    }
  }

  #beginElsewhere(fault: Fault, site: SiteTargets, desk: Process | undefined): (() => void) | undefined {
    const { sites, phones } = this.#targets;
    const other = sites[(fault.pick + 1) % sites.length];
    const host = this.#anyHost(fault);
    switch (fault.name) {
      case 'suspension':
        // A site that sleeps grants leases: that is what LL6 is about.
        return host === undefined
          ? undefined
          : this.#suspend(fault.size < 0.4 ? (site.hosts[0] ?? host) : host);
      case 'wall-clock-jump': {
        if (host === undefined) return undefined;
        this.#world.jumpWall(host, (fault.size - 0.5) * 2 * WALL_JUMP_MAX_MS);
        return () => undefined;
      }
      case 'clock-drift': {
        if (host === undefined) return undefined;
        this.#world.setRate(host, 1 + (fault.size < 0.5 ? -RATE_ERROR_MAX : RATE_ERROR_MAX));
        return () => undefined;
      }
      case 'one-way-cut':
        return host === undefined
          ? undefined
          : this.#cut([host], site.hosts, fault.size < 0.5 ? 'there' : 'back');
      case 'sites-partition':
        return other === undefined || other === site ? undefined : this.#cut(site.hosts, other.hosts, 'both');
      case 'desk-restart-cut-off':
        return desk === undefined ? undefined : this.#restartCutOff(fault, desk, site);
      case 'desk-site-partition':
        return desk === undefined ? undefined : this.#cut([desk.host], site.hosts, 'both');
      case 'phones-site-partition':
        return phones.length === 0 ? undefined : this.#cut(hostsOf(phones), site.hosts, 'both');
      case 'site-isolation':
        return this.#cut(this.#hostsOutside(site), site.hosts, 'both');
      case 'loss-burst':
        return this.#loss(
          host === undefined || fault.size < 0.5 ? this.#hostsOutside(site) : [host],
          site.hosts,
          fault.size,
        );
      default:
        return this.#beginAtSite(fault, site);
    }
  }

  #beginAtSite(fault: Fault, { lesser, pair }: SiteTargets): (() => void) | undefined {
    const end = pair === undefined ? undefined : this.#beginInPair(fault, pair);
    return end ?? (lesser === undefined ? undefined : this.#beginLesser(fault, lesser));
  }

  /** One member, the link between them, or their arbiter. */
  #beginInPair(fault: Fault, pair: PairTargets): (() => void) | undefined {
    const primary = pair.primary();
    const standby = pair.standby();
    const memberHosts = hostsOf(pair.members);
    const [one, other] = fault.pick % 2 === 0 ? memberHosts : [...memberHosts].reverse();
    switch (fault.name) {
      case 'primary-kill':
        return primary && this.#take([primary]);
      case 'primary-pause':
      case 'primary-pause-inside':
        return primary && this.#stop([primary], fault.name === 'primary-pause-inside');
      case 'standby-kill-joining':
        return standby && this.#killWhenItJoins(standby, pair, fault.until);
      case 'standby-pause':
        return standby && this.#stop([standby], false);
      case 'mate-link-cut':
        return one && other && this.#cut([one], [other], fault.size < 0.3 ? 'there' : 'both');
      case 'mate-entries-lost':
        pair.loseEntries(1);
        return () => pair.loseEntries(-1);
      case 'primary-grey':
        return primary && this.#makeGrey(fault, primary, pair);
      case 'arbiter-kill':
        return this.#take([pair.arbiter]);
      case 'arbiter-answers-lost':
        return this.#cut([pair.arbiter.host], memberHosts, 'there');
      case 'operator-promote':
        return pair.promote() ? () => undefined : undefined;
      case 'operator-demote':
        return pair.demote() ? () => undefined : undefined;
      default:
        return undefined;
    }
  }

  /** For long enough that what follows from it is seen. */
  #makeGrey(fault: Fault, primary: Process, pair: PairTargets): () => void {
    const end = pair.makeGrey(primary, fault.size < 0.7 ? 'deaf' : 'disk');
    const endsAt = Math.min(this.#healAt, fault.at + GREY_MIN_MS);
    return () => this.#world.plan(Math.max(this.#world.at, endsAt), end);
  }

  /** It starts anew, and dies once more while it is getting what it lacks. */
  #killWhenItJoins(standby: Process, pair: PairTargets, until: Millis): () => void {
    const world = this.#world;
    world.plan(world.at + RESTART_MS, this.#take([standby]));
    const lookUntil = Math.min(until, world.at + JOINING_MAX_MS);
    let give: (() => void) | undefined;
    const look = () => {
      if (world.at >= lookUntil || give !== undefined) return;
      if (pair.isJoining()) give = this.#take([standby]);
      else world.plan(world.at + LOOK_EVERY_MS, look);
    };
    world.plan(world.at + RESTART_MS, look);
    return () => give?.();
  }

  /** The links to configuration and statistics, each alone or both: telephony goes on (DS16). */
  #beginLesser(fault: Fault, lesser: NonNullable<SiteTargets['lesser']>): (() => void) | undefined {
    switch (fault.name) {
      case 'config-server-kill':
        return this.#take([lesser.configServer]);
      case 'config-server-pause':
        return this.#stop([lesser.configServer], false);
      case 'stat-server-kill':
        return this.#take([lesser.statServer]);
      case 'stat-server-pause':
        return this.#stop([lesser.statServer], false);
      case 'lesser-links-cut':
        return this.#cut(hostsOf(this.#targets.desks), [lesser.host], 'both');
      default:
        return undefined;
    }
  }

  #anyHost(fault: Fault): Host | undefined {
    const { sites, desks, phones } = this.#targets;
    const hosts = [...sites.flatMap((site) => site.hosts), ...hostsOf(desks), ...hostsOf(phones)];
    return hosts[(fault.pick >> 7) % Math.max(1, hosts.length)];
  }

  #hostsOutside(site: SiteTargets): Host[] {
    return this.#world.hosts.filter((host) => !site.hosts.includes(host));
  }

  #endShutdown(site: SiteTargets): void {
    if (site.takeBack === undefined) this.#take([site.sipServer])();
    else site.takeBack();
  }

  #take(processes: readonly Process[]): () => void {
    for (const process of processes) {
      this.#down.set(process, (this.#down.get(process) ?? 0) + 1);
      this.#world.kill(process);
    }
    return () => {
      for (const process of processes) this.#give(process);
    };
  }

  #give(process: Process): void {
    const left = (this.#down.get(process) ?? 1) - 1;
    this.#down.set(process, left);
    if (left === 0 && process.state === 'dead' && !process.host.dark) this.#world.start(process);
  }

  /** The desk starts anew at once, and one site, where its former run is logged in if possible, cannot hear it (LL8). */
  #restartCutOff(fault: Fault, anyDesk: Process, anySite: SiteTargets): () => void {
    const worst = fault.size < 0.2 ? undefined : this.#targets.loggedIn?.()[0];
    const desk = worst?.desk ?? anyDesk;
    const site = this.#targets.sites.find(({ name }) => name === worst?.site) ?? anySite;
    const give = this.#take([desk]);
    const mend = this.#cut([desk.host], site.hosts, 'both');
    this.#world.plan(this.#world.at + RESTART_MS, give);
    return mend;
  }

  #darken(site: SiteTargets): () => void {
    for (const host of site.hosts) {
      this.#dark.set(host, (this.#dark.get(host) ?? 0) + 1);
      this.#world.darken(host);
    }
    const give = this.#take(site.processes);
    return () => {
      for (const host of site.hosts) {
        const left = (this.#dark.get(host) ?? 1) - 1;
        this.#dark.set(host, left);
        if (left === 0) this.#world.light(host);
      }
      give();
    };
  }

  /** A process that was killed while it was stopped is started as a new life, which nobody has stopped. */
  #stop(processes: readonly Process[], inside: boolean): () => void {
    const stopped: { process: Process; life: number }[] = [];
    for (const process of processes) {
      const before = this.#stopped.get(process);
      const count = before?.life === process.life ? before.count : 0;
      this.#stopped.set(process, { life: process.life, count: count + 1 });
      this.#world.pause(process, inside);
      stopped.push({ process, life: process.life });
    }
    return () => {
      for (const { process, life } of stopped) this.#continue(process, life);
    };
  }

  #continue(process: Process, life: number): void {
    const held = this.#stopped.get(process);
    if (held === undefined || held.life !== life || process.life !== life) return;
    held.count--;
    if (held.count === 0) this.#world.continue(process);
  }

  /** Overlapping suspensions of one host are one, from the first beginning to the last end. */
  #suspend(host: Host): () => void {
    const asleep = this.#asleep.get(host) ?? { since: this.#world.at, count: 0, lives: livesOf(host) };
    asleep.count++;
    this.#asleep.set(host, asleep);
    const continueAll = this.#stop(
      host.processes.filter((process) => process.state !== 'dead'),
      false,
    );
    return () => {
      asleep.count--;
      if (asleep.count === 0) {
        this.#asleep.delete(host);
        // A process that was started meanwhile has not slept.
        const slept = host.processes.filter((process) => asleep.lives.get(process) === process.life);
        this.#world.sleptFor(slept, this.#world.at - asleep.since);
      }
      continueAll();
    };
  }

  #cut(from: readonly Host[], to: readonly Host[], direction: 'there' | 'back' | 'both'): () => void {
    const { net } = this.#world;
    const pairs: (readonly [Host, Host])[] = [];
    for (const a of from) {
      for (const b of to) {
        if (a === b) continue;
        if (direction !== 'back') pairs.push([a, b]);
        if (direction !== 'there') pairs.push([b, a]);
      }
    }
    for (const [a, b] of pairs) net.cut(a, b);
    return () => net.mend(pairs);
  }

  #loss(from: readonly Host[], to: readonly Host[], size: number): () => void {
    const share = 0.05 + 0.6 * size;
    const each = (add: number) => {
      for (const a of from) {
        for (const b of to) {
          this.#world.net.addLoss(a, b, add);
          this.#world.net.addLoss(b, a, add);
        }
      }
    };
    each(share);
    return () => each(-share);
  }

  #dns(): () => void {
    this.#world.net.dnsFaults++;
    return () => {
      this.#world.net.dnsFaults--;
    };
  }
}

function hostsOf(processes: readonly Process[]): Host[] {
  return [...new Set(processes.map((process) => process.host))];
}

function livesOf(host: Host): Map<Process, number> {
  return new Map(host.processes.map((process) => [process, process.life]));
}
