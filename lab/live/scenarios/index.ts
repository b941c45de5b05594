/** All scenarios, in the order in which they are listed and run. */
import { CROWD, SHORT, STORM } from '../times.ts';
import { autoRestoreOff } from './auto-restore-off.ts';
import { bothSitesDown } from './both-sites-down.ts';
import { callsSurviveSite } from './calls-survive-site.ts';
import { coldStartAlone } from './cold-start-alone.ts';
import { configMasterDead, withFewRestarts } from './config-master-dead.ts';
import { databaseFailover } from './database-failover.ts';
import { drainSite, withoutNewCalls } from './drain-site.ts';
import { editsUnderPartition } from './edits-under-partition.ts';
import { flappingSite } from './flapping-site.ts';
import { hotSeating } from './hot-seating.ts';
import { hungSite } from './hung-site.ts';
import { configLinkLoss, statLinkLoss } from './link-loss.ts';
import { logoutCauses, withSupervisorCodes } from './logout-causes.ts';
import { hungPrimary, pairTakeover } from './pair-takeover.ts';
import { peerDiesLater } from './peer-dies-later.ts';
import { phoneBackInTime } from './phone-back-in-time.ts';
import { phoneLoss } from './phone-loss.ts';
import { placeAt, placePerSite, withPlacePerDN } from './place-per-site.ts';
import { queueSurvivesSite } from './queue-survives-site.ts';
import { reloginStorm } from './relogin-storm.ts';
import { ALL_SCHEMES_AT_BOTH_SITES, type Scenario } from './scenario.ts';
import { shortOutage } from './short-outage.ts';
import { sipOnlyLoss } from './sip-only-loss.ts';
import { siteLoss } from './site-loss.ts';
import { siteReturn } from './site-return.ts';
import { sitesPartitioned } from './sites-partitioned.ts';
import { MOSTLY_NORTH, oneQueueForAll } from './standing-calls.ts';
import { startPreferredDead } from './start-preferred-dead.ts';
import { timeoutsNever, withTimeoutsNever } from './timeouts-never.ts';

const common = {
  agents: 20,
  agentsMin: ALL_SCHEMES_AT_BOTH_SITES,
  times: SHORT,
  occupancy: 0.2,
  restarts: true,
  begins: 'at-work',
} as const;

/** With fifteen of sixteen at north. */
const BOTH_SITES_MOSTLY_NORTH = {
  count: 16,
  because: 'one of sixteen is at the site to which nothing happens',
};

const pair = {
  // 320 prefer north, of whom 300 are in a call at the fault.
  agents: 341,
  agentsMin: BOTH_SITES_MOSTLY_NORTH,
  homes: MOSTLY_NORTH,
  configure: oneQueueForAll,
  // Desks come back after a pause by chance, on a busy machine too.
  times: { ...CROWD, siteTimeoutS: 15 },
  pairs: true,
} as const;

/** Where desks have to stay with their phones: on a busy machine a phone may need a second for one answer, and several attempts. */
const PATIENT_PHONES = {
  ...SHORT,
  phoneTimeoutS: 10,
  registration: { ...SHORT.registration, attemptMs: 2000 },
} as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    ...common,
    name: 'site-loss',
    about: 'a whole site dies (SIGKILL): its agents go on at the other',
    run: siteLoss,
  },
  {
    ...common,
    // 107 prefer north, of whom 100 are in a call at the fault.
    times: CROWD,
    agents: 114,
    agentsMin: BOTH_SITES_MOSTLY_NORTH,
    homes: MOSTLY_NORTH,
    configure: oneQueueForAll,
    name: 'calls-survive-site',
    about: 'a whole site dies while its agents talk: their calls go on at the other',
    run: callsSurviveSite,
  },
  {
    ...common,
    times: CROWD,
    agents: 100,
    configure: oneQueueForAll,
    name: 'queue-survives-site',
    about: 'a whole site dies while callers wait there: they wait on at the other, each at the own place',
    run: queueSurvivesSite,
  },
  {
    ...common,
    // 501 prefer north.
    times: STORM,
    agents: 534,
    agentsMin: BOTH_SITES_MOSTLY_NORTH,
    homes: MOSTLY_NORTH,
    occupancy: 0.15,
    configure: oneQueueForAll,
    name: 'relogin-storm',
    about: 'nearly all agents log in at once at the other site, and callers go on calling there',
    run: reloginStorm,
  },
  {
    ...common,
    restarts: false,
    name: 'sip-only-loss',
    about: 'only the SIP Server of a site dies and stays away',
    run: sipOnlyLoss,
  },
  {
    ...common,
    name: 'site-return',
    about:
      'a site dies and comes back: Workspace returns, third-party desktops at their next start or with their phones',
    run: siteReturn,
  },
  {
    ...common,
    // Schemes change every two agents: the fourth at north has the scheme of the first again.
    agentsMin: {
      count: 7,
      because: 'a phone of each registration scheme at north, and one more',
    },
    name: 'phone-loss',
    about: 'a phone of each scheme loses its site and is registered at the other',
    run: phoneLoss,
  },
  {
    ...common,
    // Also on a busy machine the servers have to be back well within the time-out.
    times: { ...SHORT, siteTimeoutS: 8, phoneTimeoutS: 8 },
    name: 'short-outage',
    about: 'a site is away for less than the time-out: nobody moves',
    run: shortOutage,
  },
  {
    ...common,
    ...pair,
    name: 'pair-takeover',
    about: 'the primary of a pair of SIP Servers dies: its mate goes on with calls, lines and log-ins',
    run: pairTakeover,
  },
  {
    ...common,
    ...pair,
    name: 'hung-primary',
    about: 'the primary of a pair is stopped (SIGSTOP) and goes on later: its mate has taken over, once',
    run: hungPrimary,
  },
  {
    ...common,
    // Longer than the site is there between two losses.
    times: { ...SHORT, returnSteadyS: 12, returnHalfLifeS: 20 },
    name: 'flapping-site',
    about: 'a site comes and goes several times: desks move once, and return once it is steady',
    run: flappingSite,
  },
  {
    ...common,
    hasOutlyingOffice: true,
    // The third pair of ten is in the office.
    agentsMin: { count: 6, because: 'an office of two, one of each site' },
    name: 'sites-partitioned',
    about: 'the sites, and an office and its site, no longer hear each other: each site serves its own',
    run: sitesPartitioned,
  },
  {
    ...common,
    name: 'both-sites-down',
    about: 'both sites die; the one that comes back first gets everybody',
    run: bothSitesDown,
  },
  {
    ...common,
    name: 'hung-site',
    about:
      'a site is stopped (SIGSTOP) and goes on later: nobody is routable twice, and adopted calls stay with their adopter',
    run: hungSite,
  },
  {
    ...common,
    name: 'peer-dies-later',
    about: 'the other site dies first and is back when the own one dies',
    run: peerDiesLater,
  },
  {
    ...common,
    // Leaving, coming back and registering must fit in, on a busy machine too.
    times: { ...SHORT, phoneTimeoutS: 10 },
    name: 'phone-back-in-time',
    about: 'all phones of a site lose it and come back in time: logged in again there',
    run: phoneBackInTime,
  },
  {
    ...common,
    times: { ...PATIENT_PHONES, autoRestore: false },
    name: 'auto-restore-off',
    about: 'a site comes back and no desk returns by itself; phones may take theirs along',
    run: autoRestoreOff,
  },
  {
    ...common,
    begins: 'dark',
    times: PATIENT_PHONES,
    hotSeating: 'visitors',
    // The upper half must have a third-party desktop too.
    agentsMin: { count: 11, because: 'both families at the own and at other places' },
    name: 'start-preferred-dead',
    about: "agents come to work, at their own and at others' places, with both sites dead, then with one",
    run: startPreferredDead,
  },
  {
    ...common,
    configure: withTimeoutsNever,
    name: 'timeouts-never',
    about: 'a site dies and phones are lost where no time-out is set: nobody moves, and each desk says why',
    run: timeoutsNever,
  },
  {
    ...common,
    name: 'config-link-loss',
    about:
      'only the Configuration Server of a site dies: third-party desktops warn, Workspace moves that link alone',
    run: configLinkLoss,
  },
  {
    ...common,
    name: 'stat-link-loss',
    about: 'only the Stat Server of a site dies: third-party desktops warn, Workspace moves that link alone',
    run: statLinkLoss,
  },
  {
    ...common,
    configure: withoutNewCalls,
    // Every scheme at north, some idle and some at work.
    agentsMin: { count: 12, because: 'six at north, of whom some are idle when it begins' },
    name: 'drain-site',
    about: 'a site is taken out of service under load: its agents go in waves, and no call is cut',
    run: drainSite,
  },
  {
    ...common,
    configure: withSupervisorCodes,
    // Every fourth pair of agents works with third-party desktops.
    agentsMin: { count: 12, because: 'a third-party desktop for each of four causes' },
    name: 'logout-causes',
    about: 'logged out by the agent, a supervisor, the phone, a graceful shutdown, an unknown reason',
    run: logoutCauses,
  },
  {
    ...common,
    hotSeating: 'everybody',
    begins: 'dark',
    // Both seats of a shift must differ from the own one.
    agentsMin: { count: 9, because: 'seats that are eight places further on' },
    name: 'hot-seating',
    about: 'two days at other places and other sites, nothing kept of the former agent; then a site dies',
    run: hotSeating,
  },
  {
    ...common,
    configure: withPlacePerDN,
    placeAt,
    name: 'place-per-site',
    about:
      'each DN has a place of its own: a site dies, and each is logged in at the place of the other site',
    run: placePerSite,
  },
  {
    ...common,
    hasDatabase: true,
    configure: withFewRestarts,
    // Both families at either site.
    agentsMin: { count: 8, because: 'a third-party desktop at each site' },
    name: 'config-master-dead',
    about:
      'whoever writes the configuration, its standby and the database die: proxies serve log-ins and servers',
    run: configMasterDead,
  },
  {
    ...common,
    hasDatabase: true,
    name: 'cold-start-alone',
    about: 'one site is started from nothing but its disk copies, with everybody and everything else dead',
    run: coldStartAlone,
  },
  {
    ...common,
    hasDatabase: true,
    name: 'edits-under-partition',
    about:
      'the sites no longer hear each other, and both are edited: nothing acknowledged is lost, and both are alike afterwards',
    run: editsUnderPartition,
  },
  {
    ...common,
    hasDatabase: true,
    name: 'database-failover',
    about:
      'the primary of the configuration database dies and its standby is promoted: edits go on, agents notice nothing',
    run: databaseFailover,
  },
];
