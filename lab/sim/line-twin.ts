/**
 * Whether a line keeps its order over a disaster: the same world runs twice, once with the failure and once without, its
 * twin. Up to the fault both are one and the same, event by event; whoever stands in line then is known by the number of
 * the call. A pair of callers is inverted when the one was offered to an agent before the other in the twin, and after the
 * other in the world that failed. Offers are seen from outside: the first INVITE with that call that leaves a SIP Server.
 */
import { SALES_QUEUE } from '@holdfast/centre';
import type { DeskInput, DeskView } from '@holdfast/desk';
import { must } from '@holdfast/kernel';
import type { ConfigObject } from '@holdfast/protocol';
import { headerValue, type SipMessage, toOf } from '@holdfast/sip';
import { WholeWorld } from './whole.ts';
import type { WholeDefect } from './whole-defects.ts';
import type { DeskProgram } from './whole-desk.ts';
import type { SipServerProgram } from './whole-sip-server.ts';
import { World } from './world.ts';

/** What happens to the site of the line; the last: also to the primary of the other, before it may go on with the line (AD13). */
export type LineFault = 'site-kill' | 'primary-kill' | 'site-and-primary-kill';

export interface LineTwinOptions {
  readonly fault: LineFault;
  /** How many stand in line at the fault, at least. */
  readonly waiting: number;
  readonly isPooled?: boolean;
  readonly defect?: WholeDefect;
}

export interface LineTwin {
  /** Who stood in line at the fault. */
  readonly waiting: number;
  /** Of these, offered to an agent afterwards, in either world. */
  readonly offered: number;
  readonly offeredInTwin: number;
  /** Pairs of them whose order is another than in the twin. */
  readonly inversions: number;
  /** Pairs whose order in the twin is another than that in which they came. */
  readonly twinInversions: number;
  /** Calls of the dead site that go on at the other, whose ends have both been heard there. */
  readonly adopted: number;
  /** Whatever any check of the whole simulation found in either world. */
  readonly failed: { readonly check: string; readonly detail: string } | undefined;
}

const AGENTS = 20;
const BEGUN_MS = 30_000;
/** More than are served while they come: the agents work all the time. */
const SERVED_MEANWHILE = 100;
const ARRIVAL_MS = 40;
/** Nobody gives up, and it is the agents who end their calls. */
const PATIENCE_MS = 1e12;
const CALLERS = { patienceMaxMs: PATIENCE_MS, talkMaxMs: PATIENCE_MS } as const;
/** So often every agent who talks ends the call, and whoever has done with one is ready for the next. */
const HAND_EVERY_MS = 1_000;
/** Within it nobody's desk has given the site up (`siteTimeoutS`), and its silence is shorter than a lease. */
const PRIMARY_OUTLIVES_MS = 3_000;
/** Longer than the line takes in a world in which half of the agents serve it. */
const SERVED_MAX_MS = 1_200_000;
const LOOK_EVERY_MS = 5_000;

interface Line {
  /** By call, in the order of coming. */
  readonly waiting: readonly string[];
  /** By call, in the order of the first offer since the fault. */
  readonly offered: readonly string[];
  readonly adopted: number;
  readonly failed: LineTwin['failed'];
}

export function runLineTwin(seed: number, options: LineTwinOptions): LineTwin {
  const line = runLine(seed, options, true);
  const twin = runLine(seed, options, false);
  const isSame = line.waiting.every((call, index) => twin.waiting[index] === call);
  const parted = { check: 'twins', detail: 'the two worlds differ before the fault' };
  return {
    waiting: line.waiting.length,
    offered: line.offered.length,
    offeredInTwin: twin.offered.length,
    inversions: inversionsOf(line.offered, twin.offered),
    twinInversions: inversionsOf(twin.offered, line.waiting),
    adopted: line.adopted,
    failed: line.failed ?? twin.failed ?? (isSame ? undefined : parted),
  };
}

/** Pairs that stand in another order here than there; who is not in both is in no pair. */
export function inversionsOf(here: readonly string[], there: readonly string[]): number {
  const rank = new Map(there.map((call, index) => [call, index]));
  const ranks = here.flatMap((call) => rank.get(call) ?? []);
  let inversions = 0;
  for (const [index, one] of ranks.entries())
    for (const later of ranks.slice(index + 1)) if (later < one) inversions += 1;
  return inversions;
}

function runLine(seed: number, options: LineTwinOptions, fails: boolean): Line {
  const { fault, waiting: wanted, isPooled = false, defect } = options;
  const world = new World(seed);
  world.tracing = false;
  const centre = new WholeWorld(world, {
    ...{ agents: AGENTS, schemes: ['active-backup', 'dual', 'single'], siteTimeoutS: 10, isPooled },
    ...{ callsPerSecond: 0, callers: CALLERS },
    // Who has no mate tells nobody what it holds.
    pairs: fault === 'site-and-primary-kill' ? ['north', 'south'] : ['north'],
    configured: (objects) => objects.map(withLongLine),
    ...(defect === undefined ? {} : { defect }),
  });
  // A leg that is left alone is given the time of a disaster, in both.
  const always = { name: 'site-kill', at: 0, until: Number.MAX_SAFE_INTEGER, pick: 0, size: 0 } as const;
  centre.watch({ faults: [always], healAt: Number.MAX_SAFE_INTEGER });
  work(world, centre);
  const callers = wanted + SERVED_MEANWHILE;
  for (let caller = 0; caller < callers; caller++)
    world.plan(BEGUN_MS + caller * ARRIVAL_MS, () => centre.callers.call(SALES_QUEUE, 'north'));
  world.run(BEGUN_MS + callers * ARRIVAL_MS);
  const waiting = inLine(centre);
  const offered = new Set<string>();
  const open = new Set(waiting);
  world.net.tap = (from, message) => {
    const call = from.name.startsWith('sip-') ? offeredBy(message as SipMessage) : undefined;
    if (call !== undefined && open.delete(call)) offered.add(call);
  };
  if (fails) failAt(world, centre, fault);
  const until = world.at + SERVED_MAX_MS;
  while (open.size > 0 && world.at < until && world.failure === undefined)
    world.run(world.at + LOOK_EVERY_MS);
  const adopted = serverAt(centre, 'south')?.account.counts.get('adopted') ?? 0;
  return { waiting, offered: [...offered], adopted, failed: world.failure };
}

function failAt(world: World, centre: WholeWorld, fault: LineFault): void {
  const kill = (site: string) => world.kill(must(pairOf(centre, site).primary(), 'a primary serves'));
  if (fault === 'primary-kill') return kill('north');
  centre.killSite('north');
  if (fault === 'site-and-primary-kill') world.plan(world.at + PRIMARY_OUTLIVES_MS, () => kill('south'));
}

function work(world: World, centre: WholeWorld): void {
  world.plan(world.at + HAND_EVERY_MS, () => {
    for (const { desk, view } of centre.people) {
      const input = view && wishOf(view);
      if (input !== undefined) world.act(desk, () => (desk.program as DeskProgram).press(desk.now(), input));
    }
    work(world, centre);
  });
}

function wishOf({ calls: [call], site, state, isStateHeldBack }: DeskView): DeskInput | undefined {
  if (call?.state === 'Established') return { type: 'release', ConnID: call.ConnID };
  const isDone = site !== null && call === undefined && state === 'NotReady' && !isStateHeldBack;
  return isDone ? { type: 'ready' } : undefined;
}

/** Room for everybody, and nobody is sent elsewhere for having waited. */
function withLongLine(object: ConfigObject): ConfigObject {
  const lay = (options: Readonly<Record<string, string>>): ConfigObject => {
    return {
      ...object,
      options: { ...object.options, holdfast: { ...object.options.holdfast, ...options } },
    };
  };
  if (object.objectType === 'Application' && object.type === 'SIPServer')
    return lay({ 'ringing-max': '3600' });
  if (object.objectType !== 'DN' || object.number !== SALES_QUEUE) return object;
  return lay({ 'waiting-max': '2000', 'wait-max': '3600' });
}

function pairOf(centre: WholeWorld, site: string) {
  return must(centre.targets.sites.find(({ name }) => name === site)?.pair, `${site} is a pair`);
}

function serverAt(centre: WholeWorld, site: string) {
  const routing = centre.sites.find(({ name }) => name === site);
  return (routing?.process.program as SipServerProgram | undefined)?.parts;
}

/** Whoever waits at north and rings nowhere, by time waited. */
function inLine(centre: WholeWorld): string[] {
  const calls = [...(serverAt(centre, 'north')?.centre.stateToCheck.calls.values() ?? [])];
  const waiting = calls.filter(({ phase }) => phase.name === 'waiting');
  return waiting.sort((a, b) => a.startedAt - b.startedAt).map(({ connId }) => connId);
}

/** The call that an INVITE of a SIP Server offers; in a dialog it offers none. */
function offeredBy(message: SipMessage): string | undefined {
  if (message.kind !== 'request' || message.method !== 'INVITE') return undefined;
  if (toOf(message)?.params.has('tag') === true) return undefined;
  return headerValue(message, 'x-holdfast-connid') ?? undefined;
}
