/** The live scenarios of both families as scripts of simulated worlds; each says who must do what, and who nothing. */
import type { LinkKind } from '@holdfast/desk';
import { must } from '@holdfast/kernel';
import {
  EXPIRES_MAX_MS,
  MOVE_MAX_MS,
  PHONE_TIMEOUT_MS,
  type Promised,
  runScript,
  type Script,
  SITE_TIMEOUT_MS,
  type Stage,
} from './scripted-stage.ts';
import type { SeedResult } from './seed-result.ts';
import type { DeskProgram } from './whole-desk.ts';
import type { Person } from './whole-person.ts';

const START_MAX_MS = 60_000;
/** Of a server that is back: the pause between two rounds of attempts, with its jitter. */
const FOUND_MAX_MS = 15_000;

/** A tenth of the agents every 2 s (AG24). */
const WAVES_MS = 20_000;

function allAtHome(stage: Stage, maxMs = START_MAX_MS): void {
  stage.until('all-at-home', maxMs, (person) => stage.worksAt(person, stage.homeOf(person)));
}

/** DS16. */
function linkLoss(kind: Exclude<LinkKind, 'telephony'>, server: string): Script['run'] {
  return (stage) => {
    const link = (person: Person) => stage.link(person.view, kind);
    const isAt = (site: string) => (person: Person) =>
      link(person)?.site === site && link(person)?.state === 'on';
    const alarmed = (person: Person) =>
      link(person)?.site === 'north' && link(person)?.state === 'off' && person.view?.alarms.length === 1;
    const workspace = stage.of('north', 'interaction-workspace');
    const thirdParty = stage.of('north', 'agent-desktop');
    allAtHome(stage);
    stage.until('links-at-home', START_MAX_MS, (person) => isAt(stage.homeOf(person))(person));
    stage.mark();
    stage.kill(`${server}-north`);
    stage.until('third-party-warns', FOUND_MAX_MS, alarmed, thirdParty);
    stage.until('workspace-link-moved', SITE_TIMEOUT_MS + FOUND_MAX_MS, isAt('south'), workspace);
    stage.advance(SITE_TIMEOUT_MS);
    stage.each('third-party-stays', alarmed, thirdParty);
    stage.each('others-untouched', isAt('south'), stage.of('south'));
    stage.start(`${server}-north`);
    stage.until('third-party-found-it-again', FOUND_MAX_MS, isAt('north'), thirdParty);
    stage.each('alarms-cleared', ({ view }) => view?.alarms.length === 0);
    stage.each('workspace-stays', isAt('south'), workspace);
    stage.each('voice-stays', (person) => stage.stayedAt(person, stage.homeOf(person)));
  };
}

/** DS8b, DS8c, DS12. */
function logoutCauses(stage: Stage): void {
  allAtHome(stage);
  const [byAgent, bySupervisor, byPhone, bySupervisorOfTP] = [
    stage.of('south', 'interaction-workspace'),
    stage.of('north', 'interaction-workspace').filter((person) => stage.isDual(person)),
    stage.of('north').filter((person) => !stage.isDual(person)),
    stage.of('south', 'agent-desktop'),
  ];
  const out = [...byAgent, ...bySupervisor, ...bySupervisorOfTP];
  stage.mark();
  for (const person of out) person.rests();
  for (const person of byAgent) stage.press(person, { type: 'logout' });
  for (const { dn } of bySupervisor) stage.centre.logOut('north', dn, undefined);
  for (const { dn } of bySupervisorOfTP) stage.centre.logOut('south', dn, 'end_of_season');
  stage.until('logged-out', FOUND_MAX_MS, ({ view }) => view?.site === null, out);
  const north = stage.server('sip-north').host;
  const hosts = byPhone.map(({ phone }) => phone.host);
  const pairs = hosts.flatMap(
    (host) =>
      [
        [host, north],
        [north, host],
      ] as const,
  );
  for (const [from, to] of pairs) stage.world.net.cut(from, to);
  const atSouth = (person: Person) => stage.worksAt(person, 'south');
  stage.until('phone-moved', EXPIRES_MAX_MS + PHONE_TIMEOUT_MS + FOUND_MAX_MS, atSouth, byPhone);
  stage.each('stay-out', ({ view }) => view?.site === null && view.because?.rule === 'DS12', out);
  stage.world.net.mend(pairs);
  for (const person of out) person.comesBack();
  const goesHome = (person: Person) => person.family === 'interaction-workspace' || !stage.isDual(person);
  const atWork = (person: Person) =>
    stage.worksAt(person, stage.homeOf(person)) || (!goesHome(person) && person.view?.state === 'Ready');
  stage.until('log-in-again', MOVE_MAX_MS, atWork);
  stage.mark();
  stage.centre.targets.sites[0]?.shutDown();
  // In waves; phones that are registered here alone are sent away at their next REGISTER (PQ5).
  const moveMaxMs = WAVES_MS + EXPIRES_MAX_MS + FOUND_MAX_MS + MOVE_MAX_MS;
  stage.until('shutdown-lets-all-go', moveMaxMs, atSouth, stage.of('north'));
  stage.each('shutdown-concerns-nobody-else', (person) => stage.stayedAt(person, 'south'), stage.of('south'));
  stage.centre.targets.sites[0]?.takeBack?.();
  stage.until('at-work-after-shutdown', MOVE_MAX_MS, (person) => person.view?.state === 'Ready');
}

/** DS5, DS6, DS15. */
function startPreferredDead(stage: Stage): void {
  // Before anybody has come to work.
  stage.world.run(50);
  for (const server of SERVERS) stage.kill(`${server}-north`);
  stage.mark();
  stage.until('all-at-living-site', START_MAX_MS + MOVE_MAX_MS, (person) => stage.worksAt(person, 'south'));
  stage.each('nobody-pretends', (person) => stage.stayedAt(person, null, 'south'));
  siteComesBack(stage, (person) => person.family === 'interaction-workspace' || !stage.isDual(person));
}

/** DS5, DS6, DS19: the peer site of one half, and the preferred one of the other, comes up first and gets everybody. */
function startBothDead(stage: Stage): void {
  stage.world.run(50);
  stage.mark();
  for (const site of ['north', 'south']) for (const server of SERVERS) stage.kill(`${server}-${site}`);
  stage.advance(2 * SITE_TIMEOUT_MS);
  stage.each('nobody-pretends', (person) => stage.stayedAt(person, null));
  for (const server of SERVERS) stage.start(`${server}-south`);
  const atSouth = (person: Person) => stage.worksAt(person, 'south');
  stage.until('all-at-first-site-up', START_MAX_MS + MOVE_MAX_MS, atSouth);
  siteComesBack(stage, (person) => person.family === 'interaction-workspace' || !stage.isDual(person));
}

/** DS5, DS9, DS20: at another's place; the own site is dead for one half, the site of the seat for the other. */
function startElsewhere(stage: Stage): void {
  stage.world.run(50);
  for (const server of SERVERS) stage.kill(`${server}-north`);
  stage.mark();
  stage.until('all-at-living-site', START_MAX_MS + MOVE_MAX_MS, (person) => stage.worksAt(person, 'south'));
  stage.each('nobody-pretends', (person) => stage.stayedAt(person, null, 'south'));
  stage.each('sits-where-asked', (person) => stage.isLoggedInOnDN(person));
  for (const server of SERVERS) stage.start(`${server}-north`);
  // A phone that is not at both sites goes to the one that its seat is of, and takes the agent along.
  const belongs = (person: Person) => {
    if (!stage.isDual(person)) return otherThan(stage.homeOf(person));
    return person.family === 'interaction-workspace' ? stage.homeOf(person) : 'south';
  };
  const isThere = (person: Person) => stage.worksAt(person, belongs(person));
  stage.until('where-each-belongs', EXPIRES_MAX_MS + MOVE_MAX_MS, isThere);
  stage.each('sits-where-asked', (person) => stage.isLoggedInOnDN(person));
}

const SERVERS = ['config', 'sip', 'stat'] as const;

function otherThan(site: string): string {
  return site === 'north' ? 'south' : 'north';
}

/** Who returns does, and the others stay, for good. */
function siteComesBack(stage: Stage, returns: (person: Person) => boolean): void {
  for (const server of SERVERS) stage.start(`${server}-north`);
  const where = (person: Person) =>
    stage.worksAt(person, stage.homeOf(person) === 'north' && returns(person) ? 'north' : 'south');
  stage.until('where-each-belongs', EXPIRES_MAX_MS + MOVE_MAX_MS, where);
  stage.advance(SITE_TIMEOUT_MS);
  const settled = stage.of('north').filter((person) => !returns(person));
  if (settled.length > 0)
    stage.each('nobody-returns-by-desk', (person) => stage.stayedAt(person, null, 'south'), settled);
}

/** DS2, DS6. */
function timeoutsNever(stage: Stage): void {
  allAtHome(stage);
  stage.mark();
  for (const server of SERVERS) stage.kill(`${server}-north`);
  stage.until('left-alone', MOVE_MAX_MS, ({ view }) => view?.site === null, stage.of('north'));
  stage.advance(2 * SITE_TIMEOUT_MS + EXPIRES_MAX_MS);
  const saysWhy = ({ family, view }: Person) =>
    view?.site === null &&
    view.governing?.name === (family === 'agent-desktop' ? 'site-timeout' : 'disaster-recovery.enabled');
  stage.each('stay-out-and-say-why', saysWhy, stage.of('north'));
  for (const server of SERVERS) stage.start(`${server}-north`);
  allAtHome(stage, MOVE_MAX_MS);
  stage.each('nobody-moved', (person) => stage.stayedAt(person, null, stage.homeOf(person)));
}

/** DS11. */
function phoneBackInTime(stage: Stage): void {
  allAtHome(stage);
  stage.mark();
  const losers = stage.of('north');
  for (const { phone } of losers) stage.world.kill(phone);
  for (
    let step = 0;
    step < EXPIRES_MAX_MS / 100 && losers.some(({ phone }) => phone.state === 'dead');
    step++
  ) {
    stage.advance(100);
    for (const { view, phone } of losers)
      if (view?.site === null && phone.state === 'dead') stage.world.start(phone);
  }
  for (const { phone } of losers) if (phone.state === 'dead') stage.world.start(phone);
  stage.each('all-logged-out-by-phone', (person) => !stage.stayedAt(person, 'north'), losers);
  const isBack = (person: Person) => stage.worksAt(person, stage.homeOf(person));
  stage.until('back-at-the-same-site', PHONE_TIMEOUT_MS + FOUND_MAX_MS, isBack);
  stage.each('nobody-moved', (person) => stage.stayedAt(person, null, stage.homeOf(person)));
}

/** DS15. */
function autoRestoreOff(stage: Stage): void {
  allAtHome(stage);
  stage.mark();
  for (const server of SERVERS) stage.kill(`${server}-north`);
  stage.until('all-at-south', MOVE_MAX_MS, (person) => stage.worksAt(person, 'south'));
  stage.mark();
  siteComesBack(stage, (person) => !stage.isDual(person));
}

const NIGHT_MS = 10_000;

/**
 * DS9, DS20: the own site where the seat has a phone at both, else where the phone is. On the first day everybody sits at
 * the place of a neighbour of the other site, with that place's file; on the second, with the same file, at the own.
 */
function hotSeating(stage: Stage): void {
  const { centre, people } = stage;
  const fileKept = (person: Person) => storedSite(person) === otherThan(stage.homeOf(person));
  const firstDay = (person: Person) => {
    const own = stage.homeOf(person);
    return stage.worksAt(person, stage.isDual(person) ? own : otherThan(own));
  };
  stage.until('all-work', START_MAX_MS + MOVE_MAX_MS, firstDay);
  stage.each('sits-where-asked', (person) => stage.isLoggedInOnDN(person));
  stage.each('nothing-kept', fileKept);
  for (const person of people) person.rests();
  for (const person of people) stage.press(person, { type: 'logout' });
  stage.advance(NIGHT_MS);
  for (const { desk } of people) stage.world.kill(desk);
  const pairs = stage.of('north').map((person) => [person, stage.neighbourOf(person)] as const);
  for (const [person, neighbour] of pairs) centre.swapSeats(person, neighbour);
  for (const person of people) person.comesBack();
  for (const { desk } of people) stage.startProcess(desk);
  const isAtHome = (person: Person) => stage.worksAt(person, stage.homeOf(person));
  stage.until('second-day', START_MAX_MS, isAtHome);
  stage.each('sits-where-asked', (person) => stage.isLoggedInOnDN(person));
  stage.each('nothing-kept', fileKept);
  for (const server of SERVERS) stage.kill(`${server}-north`);
  stage.until('all-at-south', MOVE_MAX_MS, (person) => stage.worksAt(person, 'south'));
  for (const server of SERVERS) stage.start(`${server}-north`);
}

const PAIR = {
  pairs: ['north'],
  callsPerSecond: 0.3,
  // Longer than a desk needs to find the other member.
  workspace: { 'disaster-recovery.timeout': '60' },
  thirdParty: () => ({ 'site-timeout': '60', 'site-sip-register-timeout': '60' }),
} as const;
/** A takeover takes a second or two, and a desk comes back after a pause. */
const TAKEOVER_MAX_MS = 5_000;
/** In order to come back to life, a process that somebody has not killed meanwhile. */
const HUNG_MS = 20_000;

/** SS50 to SS53. What becomes of calls, lines and events is looked at in every world with a pair. */
function pairTakeover(how: 'killed' | 'stopped'): Script['run'] {
  return (stage) => {
    const { world } = stage;
    allAtHome(stage);
    const pair = stage.pair('north');
    if (!stage.isBroken) stage.wait(START_MAX_MS, () => stage.isInStep('north'));
    stage.mark();
    const logins = new Map(stage.people.map((person) => [person, stage.loginOf(person)]));
    const former = pair.primary();
    if (former !== undefined) {
      if (how === 'killed') world.kill(former);
      else world.pause(former);
    }
    stage.wait(TAKEOVER_MAX_MS, () => pair.primary() !== undefined && pair.primary() !== former);
    stage.each('mate-serves', () => pair.primary() !== undefined && pair.primary() !== former);
    stage.advance(HUNG_MS);
    if (former?.state === 'paused') world.continue(former);
    if (former?.state === 'dead') world.start(former);
    allAtHome(stage, MOVE_MAX_MS);
    // Away for as long as the link was; never at work elsewhere.
    stage.each('nobody-moved', (person) => stage.stayedAt(person, null, stage.homeOf(person)));
    stage.each('nobody-logged-out', (person) => stage.loginOf(person) === logins.get(person));
  };
}

/** LL1, SS70. Two of the north's people reach only the south, and the sites do not hear each other. */
function sitesPartitioned(stage: Stage): void {
  allAtHome(stage);
  stage.mark();
  const [north, south] = [stage.site('north'), stage.site('south')];
  const office = stage.of('north').slice(0, 2);
  const others = stage.people.filter((person) => !office.includes(person));
  const mends = [
    stage.cut(north.hosts, south.hosts),
    stage.cut(
      office.flatMap(({ desk, phone }) => [desk.host, phone.host]),
      north.hosts,
    ),
  ];
  stage.until(
    'office-moved',
    EXPIRES_MAX_MS + MOVE_MAX_MS,
    (person) => stage.worksAt(person, 'south'),
    office,
  );
  stage.advance(SITE_TIMEOUT_MS + PHONE_TIMEOUT_MS);
  stage.each('others-stay', (person) => stage.stayedAt(person, stage.homeOf(person)), others);
  for (const mend of mends) mend();
  const returns = (person: Person) => person.family === 'interaction-workspace' || !stage.isDual(person);
  const where = (person: Person) =>
    stage.worksAt(person, office.includes(person) && !returns(person) ? 'south' : stage.homeOf(person));
  stage.until('where-each-belongs', EXPIRES_MAX_MS + MOVE_MAX_MS, where);
  stage.each('healed-without-an-outage', (person) => stage.stayedAt(person, stage.homeOf(person)), others);
}

/** The first site of the file that the desk would start with next time. */
function storedSite({ desk }: Person): string | undefined {
  return (desk.program as DeskProgram | undefined)?.bootstrapStored?.preferred.site;
}

/** DS20. */
const NOTHING_KEPT: Promised = {
  name: 'nothing-ever-kept',
  holds: (person, stage) => [undefined, otherThan(stage.homeOf(person))].includes(storedSite(person)),
};
/** DS2: whatever makes a desk move, it is no time-out. */
const NO_TIME_OUT: Promised = {
  name: 'no-time-out-decides',
  holds: ({ view }) => view?.because?.rule !== 'DS8a' && view?.because?.rule !== 'DS8b',
};
/** DS15: nobody returns, or waits for it, because a site is back. */
const NO_RETURN: Promised = {
  name: 'no-desk-returns',
  holds: ({ view }) => view?.wait?.for !== 'return',
};

export const SCRIPTS: readonly Script[] = [
  { name: 'config-link-loss', run: linkLoss('configuration', 'config') },
  { name: 'stat-link-loss', run: linkLoss('statistics', 'stat') },
  { name: 'logout-causes', run: logoutCauses },
  { name: 'start-preferred-dead', run: startPreferredDead },
  { name: 'start-preferred-dead, both sites', run: startBothDead },
  {
    name: "start-preferred-dead, at another's place",
    ...{ isHotSeating: true, always: [NOTHING_KEPT], run: startElsewhere },
  },
  {
    name: 'timeouts-never',
    workspace: { 'disaster-recovery.enabled': 'false' },
    // 0 and unset (DS2).
    thirdParty: (site): Record<string, string> =>
      site === 'north' ? { 'site-timeout': '0', 'site-sip-register-timeout': '0' } : {},
    always: [NO_TIME_OUT],
    run: timeoutsNever,
  },
  { name: 'phone-back-in-time', run: phoneBackInTime },
  {
    name: 'auto-restore-off',
    workspace: { 'disaster-recovery.auto-restore': 'false' },
    always: [NO_RETURN],
    run: autoRestoreOff,
  },
  { name: 'hot-seating', isHotSeating: true, always: [NOTHING_KEPT], run: hotSeating },
  { ...PAIR, name: 'pair-takeover', run: pairTakeover('killed') },
  { ...PAIR, name: 'hung-primary', run: pairTakeover('stopped') },
  { name: 'sites-partitioned', callsPerSecond: 0.3, run: sitesPartitioned },
];

/** Each seed is one world of one scenario; the calm one and the broken one of each lie side by side. */
export function runScriptedSeed(seed: number, options: { readonly tracing?: boolean } = {}): SeedResult {
  const script = must(SCRIPTS[(seed >> 1) % SCRIPTS.length], 'a scenario for each seed');
  return { ...runScript(script, seed, options), seed };
}
