/**
 * Who is logged in where. A login is for one agent (AgentID and Person), on one Extension whose phone is in
 * service, with an epoch; the higher epoch wins wherever the two meet (LL7), so that an agent is never logged in
 * twice at this site (C14).
 *
 * All checks of a login come before its first effect: a refused login has changed nothing, above all not the
 * login that it would have replaced.
 */
import {
  compareLoginEpochs,
  type ErrorCode,
  LOGOUT_REASONS,
  type LoginEpoch,
  type Reasons,
} from '@holdfast/protocol';
import { type IdleWork, stepAgent } from './agent.ts';
import { changeAgent } from './agent-changes.ts';
import {
  type Agent,
  DEADLINE,
  type DN,
  isOnCall,
  log,
  rulesOf,
  type Turn,
  touchDN,
  wrapUpOf,
} from './centre-state.ts';
import type { CentreInput, Request } from './centre-types.ts';
import { done, NOBODY, refuse, tell } from './events.ts';
import { stepPhone } from './phone.ts';
import { endReservationOf } from './pool-agents.ts';
import { takeBackOffer } from './queueing.ts';
import { leaveIdle } from './routing.ts';

type Input<Type extends CentreInput['type']> = Extract<CentreInput, { type: Type }>;
export interface LoginRefusal {
  readonly code: ErrorCode;
  readonly text: string;
  readonly epoch?: LoginEpoch;
}

export function login(turn: Turn, input: Input<'login'>): void {
  const { state } = turn;
  const dn = state.dns.get(input.dn);
  const refusal = refusalOf(turn, input);
  if (dn === undefined || refusal !== undefined) {
    if (refusal !== undefined) refuse(turn, input, refusal);
    return;
  }
  for (const former of formerDNs(turn, input)) {
    const because = `a login of ${input.person} with the higher epoch ${input.epoch.number} on ${input.dn}`;
    endLogin(turn, former, {
      reasons: { LogoutReason: LOGOUT_REASONS.superseded },
      because,
      // Another desk has to hear it: it would take its unknown epoch for a restart and log in again, for ever (LL7).
      ...(former === dn &&
        former.agent?.agentId === input.agentId &&
        former.agent.epoch.desk === input.epoch.desk && { staysIn: input.queues }),
    });
  }
  const agent: Agent = {
    agentId: input.agentId,
    person: input.person,
    place: input.place,
    epoch: input.epoch,
    tokenIssuedWall: input.tokenIssuedWall,
    queues: [...new Set(input.queues)],
    routable: true,
    state: { name: 'LoggedOut' },
    idleSince: undefined,
    activeAt: turn.now,
  };
  dn.agent = agent;
  state.agentDNs.set(agent.agentId, dn.number);
  state.personDNs.set(agent.person, dn.number);
  state.highestEpochs.set(agent.person, agent.epoch);
  log(turn, {
    level: 'info',
    what: 'agent logged in',
    agent: agent.agentId,
    dn: dn.number,
    epoch: agent.epoch.number,
  });
  tellLogin(turn, { dn, agent }, input);
  // The answer is EventAgentLogin; what follows it (Ready for AutoIn) is news of its own.
  changeAgent(turn, dn, { type: 'login', workMode: input.workMode, reasons: input.reasons ?? {} });
}

export function refusalOf(turn: Turn, input: Input<'login'>): LoginRefusal | undefined {
  return (
    refusalOfSite(turn) ??
    refusalOfDN(turn, input, turn.state.dns.get(input.dn)) ??
    refusalOfEpoch(turn, input) ??
    refusalOfLogin(turn, input)
  );
}

function refusalOfSite({ state }: Turn): LoginRefusal | undefined {
  if (!state.configured)
    return { code: 'not-ready', text: 'The site has no configuration yet. Try again after a pause.' };
  if (state.shutdown === undefined) return undefined;
  return { code: 'shutting-down', text: `Site ${state.site} is shutting down. Log in at the other site.` };
}

function refusalOfDN(turn: Turn, input: Input<'login'>, dn: DN | undefined): LoginRefusal | undefined {
  if (dn === undefined)
    return {
      code: 'unknown-dn',
      text: `No DN ${input.dn} in the switch of site ${turn.state.site}. Check the number.`,
    };
  if (dn.configuration.type === 'Extension') return undefined;
  return {
    code: 'not-an-extension',
    text: `DN ${input.dn} is of type ${dn.configuration.type}; agents log in on Extensions only.`,
  };
}

/** The epoch before anything about the login itself. */
function refusalOfEpoch(turn: Turn, input: Input<'login'>): LoginRefusal | undefined {
  const { state } = turn;
  const here = state.dns.get(input.dn)?.agent;
  if (here !== undefined && here.person !== input.person) {
    return {
      code: 'already-logged-in',
      text: `Agent ${here.agentId} (${here.person}) is logged in on DN ${input.dn}. Log that agent out first.`,
    };
  }
  for (const dn of formerDNs(turn, input)) {
    const agent = dn.agent;
    if (agent === undefined) continue;
    const isSame = agent.person === input.person;
    if (isSame && compareLoginEpochs(input.epoch, agent.epoch) > 0) continue;
    // LL7: a desk gives way to another that works there, not to what a former run of its own has left behind.
    const isElsewhere = dn.number !== input.dn || agent.epoch.desk !== input.epoch.desk;
    if (isSame && !(isElsewhere && agent.routable)) return epochTooLow(input, agent.epoch);
    const text = `Agent ${agent.agentId} (${agent.person}) is logged in on DN ${dn.number} with epoch ${agent.epoch.number} (${agent.epoch.desk}). Log out there, or log in with a higher epoch.`;
    return { code: 'agent-elsewhere', text, epoch: agent.epoch };
  }
  const highest = state.highestEpochs.get(input.person);
  return highest !== undefined && compareLoginEpochs(input.epoch, highest) <= 0
    ? epochTooLow(input, highest)
    : undefined;
}

function epochTooLow(input: { readonly person: string }, epoch: LoginEpoch): LoginRefusal {
  const text = `Epoch ${epoch.number} (${epoch.desk}) of ${input.person} is known here. Log in with a higher one.`;
  return { code: 'epoch-too-low', text, epoch };
}

function refusalOfLogin(turn: Turn, input: Input<'login'>): LoginRefusal | undefined {
  const { state } = turn;
  if (!state.agentLogins.has(input.agentId)) {
    return {
      code: 'unknown-agent-login',
      text: `No Agent Login ${input.agentId} in the switch of site ${state.site}. Check those of the Person.`,
    };
  }
  for (const queue of input.queues) {
    if (!state.queues.has(queue))
      return {
        code: 'unknown-queue',
        text: `No ACD Queue ${queue} in the switch of site ${state.site}. Log in to queues of this site.`,
      };
  }
  if (state.dns.get(input.dn)?.phone.inService === true) return undefined;
  return {
    code: 'phone-out-of-service',
    text: `The phone of DN ${input.dn} is not registered at site ${state.site}. Wait for EventDNBackInService.`,
  };
}

/** Where this person, or this AgentID, is logged in now. */
function formerDNs(turn: Turn, input: Input<'login'>): DN[] {
  const { state } = turn;
  const numbers = new Set([state.personDNs.get(input.person), state.agentDNs.get(input.agentId)]);
  return [...numbers].flatMap((number) => (number === undefined ? [] : (state.dns.get(number) ?? [])));
}

function tellLogin(turn: Turn, { dn, agent }: { dn: DN; agent: Agent }, input: Input<'login'>): void {
  const extensions = {
    Person: agent.person,
    Place: agent.place,
    Epoch: agent.epoch.number,
    Desk: agent.epoch.desk,
    Queues: agent.queues.join(','),
    ...(input.isConfirmed === true && { PeerEnded: true }),
  };
  const attributes = {
    ThisDN: dn.number,
    AgentID: agent.agentId,
    WorkMode: input.workMode ?? 'Unknown',
    Reasons: input.reasons ?? {},
    Extensions: extensions,
  };
  const [queue] = agent.queues;
  tell(
    turn,
    'EventAgentLogin',
    queue === undefined ? attributes : { ...attributes, ThisQueue: queue },
    input,
  );
}

export function logout(turn: Turn, input: Input<'logout'>): void {
  const dn = turn.state.dns.get(input.dn);
  const agent = dn?.agent;
  if (dn === undefined) return refuse(turn, input, unknownDN(turn, input.dn));
  if (agent === undefined) return refuse(turn, input, notLoggedIn(input.dn));
  if (input.epoch !== undefined && compareLoginEpochs(input.epoch, agent.epoch) < 0) {
    // LL7: a late logout of a lower epoch changes nothing.
    const text = `DN ${input.dn} is logged in with the higher epoch ${agent.epoch.number}.`;
    return refuse(turn, input, { code: 'not-logged-in', text, epoch: agent.epoch });
  }
  const given = input.reason ?? input.reasons?.LogoutReason;
  const reason = given ?? (input.by === 'supervisor' ? LOGOUT_REASONS.supervisor : undefined);
  const reasons = { ...input.reasons, ...(reason === undefined ? {} : { LogoutReason: reason }) };
  endLogin(turn, dn, { reasons, because: `asked for by the ${input.by}`, request: input });
}

/** LL8: nothing up to this epoch works here from now on, whether or not anybody works here now. */
export function endElsewhere(turn: Turn, input: Input<'endLogin'>): void {
  const { state } = turn;
  const { person, epoch } = input;
  const dn = state.dns.get(state.personDNs.get(person) ?? '');
  const highest = state.highestEpochs.get(person);
  if (highest !== undefined && compareLoginEpochs(highest, epoch) > 0) {
    const refusal = epochTooLow(input, highest);
    return refuse(
      turn,
      input,
      dn?.agent?.routable === true ? { ...refusal, code: 'agent-elsewhere' } : refusal,
    );
  }
  state.highestEpochs.set(person, epoch);
  if (dn !== undefined) {
    const because = `a login of ${person} with the higher epoch ${epoch.number} at the other site`;
    endLogin(turn, dn, { reasons: { LogoutReason: LOGOUT_REASONS.superseded }, because });
  }
  done(turn, input);
}

interface EndOfLogin {
  readonly reasons: Reasons;
  readonly because: string;
  readonly request?: Request;
  /** The same desk logs in again on this DN, to these queues: EventAgentLogin says so, there is no logout in between. */
  readonly staysIn?: readonly string[];
}

/** Ends the login; calls that are answered go on, one that a queue rings here goes back into line. */
export function endLogin(turn: Turn, dn: DN, end: EndOfLogin): void {
  const { agent } = dn;
  if (agent === undefined) return;
  takeBackOffer(turn, dn, 'logged-out');
  leaveIdle(turn, dn);
  endReservationOf(turn, dn);
  agent.state = stepAgent(agent.state, { type: 'logout' }, turn.now).state;
  turn.state.deadlines.clear(DEADLINE.wrapUpEnds(dn.number));
  turn.state.deadlines.clear(DEADLINE.autoLogout(dn.number));
  turn.state.deadlines.clear(DEADLINE.rungAgain(dn.number));
  dn.passedOverUntil = undefined;
  dn.agent = undefined;
  turn.state.changed.dns.add(dn.number);
  turn.state.agentDNs.delete(agent.agentId);
  turn.state.personDNs.delete(agent.person);
  tellLogout(turn, { dn, agent }, end);
}

/** Of each queue that is left, to those who attend to the queue alone; then, unless the same desk is back, of the agent. */
function tellLogout(turn: Turn, { dn, agent }: { dn: DN; agent: Agent }, end: EndOfLogin): void {
  const attributes = {
    ThisDN: dn.number,
    AgentID: agent.agentId,
    Reasons: end.reasons,
    Extensions: {
      Person: agent.person,
      Place: agent.place,
      Epoch: agent.epoch.number,
      Desk: agent.epoch.desk,
    },
  };
  for (const queue of agent.queues.filter((each) => end.staysIn?.includes(each) !== true))
    tell(turn, 'EventQueueLogout', { ...attributes, ThisDN: queue, ThisQueue: queue });
  if (end.staysIn !== undefined) return;
  log(turn, {
    level: 'info',
    what: 'agent logged out',
    agent: agent.agentId,
    dn: dn.number,
    epoch: agent.epoch.number,
    because: end.because,
  });
  tell(turn, 'EventAgentLogout', attributes, end.request ?? NOBODY);
}

export function ask(turn: Turn, input: Input<'ready'> | Input<'notReady'>): void {
  const dn = turn.state.dns.get(input.dn);
  if (dn === undefined) return refuse(turn, input, unknownDN(turn, input.dn));
  if (dn.agent === undefined) return refuse(turn, input, notLoggedIn(input.dn));
  const name = input.type === 'ready' ? 'Ready' : 'NotReady';
  if (name === 'Ready' && (input.workMode === 'AfterCallWork' || input.workMode === 'AuxWork')) {
    return refuse(turn, input, {
      code: 'bad-message',
      text: `workMode: ${input.workMode} is a way of being NotReady. Ask for Ready with AutoIn or ManualIn.`,
    });
  }
  const onCall = isOnCall(turn.state, dn);
  const workMode = input.workMode ?? (name === 'Ready' ? 'AutoIn' : 'Unknown');
  const standing = { name, workMode, reasons: input.reasons ?? {} } as const;
  // Whoever wants no call is not rung any longer; the caller need not wait for the end of the ring time.
  if (name === 'NotReady' && !onCall) takeBackOffer(turn, dn, 'not-ready');
  changeAgent(turn, dn, { type: 'ask', standing, onCall, idleWork: idleWorkOf(turn, dn.agent) }, input);
}

function idleWorkOf({ state }: Turn, agent: Agent): IdleWork {
  const { isIdleWorkTimed, isReadyAfterIdleWork } = rulesOf(state, agent);
  return {
    wrapUp: isIdleWorkTimed ? wrapUpOf(state, agent) : 'untimed',
    isReadyAfter: isReadyAfterIdleWork,
  };
}

/** AG22: the time of doing nothing is over. Whoever has a call is not doing nothing; its end counts anew. */
export function autoLogout(turn: Turn, dn: DN): void {
  const { agent } = dn;
  if (agent === undefined || dn.calls.length > 0) return;
  const minutes = rulesOf(turn.state, agent).autoLogoutMs / 60_000;
  endLogin(turn, dn, {
    reasons: { LogoutReason: LOGOUT_REASONS.inactive },
    because: `nothing was done here for ${minutes} minutes (auto-logout-timeout)`,
  });
}

export function phoneChanged(turn: Turn, input: Input<'phone'>): void {
  const dn = turn.state.dns.get(input.dn);
  if (dn === undefined) return;
  const { state, effects } = stepPhone(dn.phone, input.inService);
  dn.phone = state;
  for (const name of effects) {
    log(turn, {
      level: 'info',
      what: name === 'EventDNOutOfService' ? 'phone out of service' : 'phone back in service',
      dn: dn.number,
    });
    tell(turn, name, { ThisDN: dn.number });
    touchDN(turn.state, dn.number);
    if (name === 'EventDNBackInService') continue;
    takeBackOffer(turn, dn, 'logged-out');
    endPhoneless(turn, dn, 'the phone is out of service');
  }
}

/** AG26: who talks in a call of the other site stays until that is over; it is the phone that has gone home. */
function endPhoneless(turn: Turn, dn: DN, because: string): void {
  if (dn.calls.some((connId) => turn.state.calls.get(connId)?.isAdopted === true)) return;
  endLogin(turn, dn, { reasons: { LogoutReason: LOGOUT_REASONS.phoneLost }, because });
}

/** Those whose call has ended in this turn, and whose phone is not back. */
export function logOutPhoneless(turn: Turn): void {
  for (const number of turn.state.touchedDNs) {
    const dn = turn.state.dns.get(number);
    if (dn?.agent !== undefined && !dn.phone.inService)
      endPhoneless(turn, dn, 'AG26: the phone is out of service, and the call that was taken over is over');
  }
}

export function routableChanged(turn: Turn, input: Input<'routable'>): void {
  const ended: DN[] = [];
  for (const change of input.changes) {
    const dn = turn.state.dns.get(change.dn);
    const agent = dn?.agent;
    if (dn === undefined || agent === undefined || agent.routable === change.routable) continue;
    agent.routable = change.routable;
    touchDN(turn.state, dn.number);
    if (!change.routable) ended.push(dn);
  }
  for (const dn of ended) takeBackOffer(turn, dn, 'lease');
}

/** MC3: a lease's length after the takeover nobody has shown a lease for the agent whose phone rings. */
export function stopRingingOn(turn: Turn, dn: DN): void {
  dn.ringsOnUntil = undefined;
  if (dn.agent?.routable === false) takeBackOffer(turn, dn, 'lease');
}

function unknownDN(turn: Turn, dn: string): LoginRefusal {
  return { code: 'unknown-dn', text: `No DN ${dn} in the switch of site ${turn.state.site}.` };
}

function notLoggedIn(dn: string): LoginRefusal {
  return { code: 'not-logged-in', text: `No agent is logged in on DN ${dn}. Log in with a higher epoch.` };
}
