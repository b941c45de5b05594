/** The robots of a lab: which desktop and phone each has, where it sits, what it is told; and how they come to work. */
import type { GeneratedAgent } from '@holdfast/centre';
import type { Random } from '@holdfast/kernel';
import type { ProcessClock } from '@holdfast/shell';
import type { Callers } from './callers.ts';
import type { DeskStorages } from './desk-storages.ts';
import {
  PASSWORD,
  PHONE_PASSWORD,
  REALM,
  SITES,
  type SiteName,
  type SitePorts,
} from './lab-configuration.ts';
import type { DatagramLine } from './line-quality.ts';
import type { LiveLabOptions } from './live-lab-options.ts';
import type { Relays } from './relay.ts';
import { Robot, type RobotWatch } from './robot.ts';

/** Robots that start in one moment. */
const STARTED_TOGETHER = 25;
/** Different tones of agents: below those of callers. */
const TONES = 50;

export interface RobotWorld {
  readonly options: LiveLabOptions;
  readonly ports: SitePorts;
  readonly clock: ProcessClock;
  readonly random: Random;
  readonly watch: RobotWatch;
  readonly callers: Callers;
  readonly storages: DeskStorages;
  readonly relays: Relays;
  readonly line: DatagramLine;
  /** How many robots came before. */
  readonly index: number;
  /** How often everybody has come to work. */
  readonly day: number;
  readonly mayHangUp: () => boolean;
}

export function makeRobot(agent: GeneratedAgent, seat: GeneratedAgent, world: RobotWorld): Robot {
  const { options, ports, clock, random, watch, callers, storages, relays, line, index, day, mayHangUp } =
    world;
  const { times, hotSeating, families } = options;
  const order = [seat.home, otherThan(seat.home)] as SiteName[];
  const isHot = hotSeating === 'everybody' || (hotSeating === 'visitors' && seat !== agent);
  const family = families === 'both' ? agent.family : 'interaction-workspace';
  return new Robot({
    agent: agent.user,
    user: agent.user,
    password: PASSWORD,
    phonePassword: PHONE_PASSWORD,
    ...(isHot ? { place: seat.place } : {}),
    dn: seat.dn,
    scheme: seat.scheme,
    family,
    home: agent.home,
    peer: otherThan(agent.home),
    realm: REALM,
    phoneSites: order.map((site) => {
      const port = ports.sip[SITES.indexOf(site)] as number;
      return {
        site,
        registrar: `sip:127.0.0.1:${port}`,
        destination: { type: 'target', target: { transport: 'UDP', host: '127.0.0.1', port } },
      };
    }),
    storage: storages.at(seat, { family, isHot }),
    desk: `robot-${agent.user}-${process.pid}-${day}`,
    // The lab has made this world itself a moment ago, and only the first desks of it know that.
    firstLogin: day === 0 ? 'nothingBefore' : 'wait',
    registerEveryS: times.registerEveryS,
    registration: times.registration,
    addpTimeoutMs: times.addpMs,
    talkMs: () => times.talkMs * (0.5 + random()),
    mayHangUp,
    toneHz: 400 + 20 * (index % TONES),
    isSilentAt: (port) => callers.isSilentAt(port),
    clock,
    random,
    relays,
    line,
    watch,
  });
}

function otherThan(site: string): SiteName {
  return site === 'north' ? 'south' : 'north';
}

/** A thousand phones and desks starting in one moment would only measure the start: some, and when these are in, some more. */
export async function startInTurns(
  robots: readonly Robot[],
  wait: (areIn: () => boolean) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < robots.length; from += STARTED_TOGETHER) {
    const some = robots.slice(from, from + STARTED_TOGETHER);
    await Promise.all(some.map((robot) => robot.start()));
    await wait(() => some.every(({ view }) => view?.state === 'Ready'));
  }
}
