/**
 * Graceful shutdown (S4): whoever is idle is logged out, whoever is not when the work here is done, and nobody logs in
 * meanwhile. Calls go on. What becomes of new calls is not decided here: none arrive.
 *
 *     idle ──its wave──▶ logged out                      a few at a time (AG24): each of them now logs in at the
 *     at work ──call and after-call work end──▶ logged out    other site, and their phones register there
 *     whoever is left ──deadline──▶ logged out           (AG25)
 *
 * An agent is let go at the end of a turn, after the match. So whoever has just become free takes the next caller
 * in line first: the line is served as long as somebody Ready is left, and nobody new joins it.
 */
import { LOGOUT_REASONS } from '@holdfast/protocol';
import { changeCall } from './call-changes.ts';
import { type CentreState, DEADLINE, type DN, log, type Shutdown, type Turn } from './centre-state.ts';
import type { CentreInput, ShutdownTerms, ShutdownView } from './centre-types.ts';
import { done, NOBODY } from './events.ts';
import { endLogin } from './logins.ts';
import { leaveLine } from './queueing.ts';
import { leaveTransfer } from './transfers.ts';

type ShutdownInput = Extract<CentreInput, { type: 'shutdown' }>;

const AT_ONCE: ShutdownTerms = {
  wave: Number.MAX_SAFE_INTEGER,
  waveEveryMs: 0,
  isForced: false,
  endsProcess: false,
};

export function gracefulShutdown(turn: Turn, input: ShutdownInput): void {
  if (input.on) begin(turn, input);
  else takeBack(turn, input);
  done(turn, input);
}

/** Asked for again: the newest terms hold, and whoever waits for a wave goes on waiting. */
function begin(turn: Turn, { by, terms = AT_ONCE }: ShutdownInput): void {
  const { state, now } = turn;
  const former = state.shutdown;
  const { wave, waveEveryMs, withinMs, isForced, endsProcess } = terms;
  if (former !== undefined && isAsBefore(former, terms)) return;
  change(state, {
    by,
    ...{ wave, waveEveryMs, isForced, endsProcess },
    nextWaveAt: former === undefined ? now : Math.min(former.nextWaveAt, now + waveEveryMs),
    turns: former?.turns ?? inOrder(state, terms.phonesElsewhere),
    staying: former?.staying ?? stayingOf(state),
    deadlineAt: withinMs === undefined ? undefined : now + withinMs,
    isPastDeadline: false,
  });
  const what = former === undefined ? 'graceful shutdown begun' : 'graceful shutdown has other terms';
  log(turn, {
    level: 'warn',
    what,
    because: `asked for by ${by}`,
    detail: { ...(withinMs === undefined ? {} : { withinMs }), isForced, endsProcess },
  });
  if (former === undefined) turn.effects.push({ type: 'shuttingDown', on: true });
}

/** A deadline counts anew each time. */
function isAsBefore(former: Shutdown, { wave, waveEveryMs, withinMs, isForced, endsProcess }: ShutdownTerms) {
  return (
    former.wave === wave &&
    former.waveEveryMs === waveEveryMs &&
    former.isForced === isForced &&
    former.endsProcess === endsProcess &&
    former.deadlineAt === undefined &&
    withinMs === undefined
  );
}

function takeBack(turn: Turn, { by }: ShutdownInput): void {
  const { state } = turn;
  if (state.shutdown === undefined) return;
  change(state, undefined);
  turn.effects.push({ type: 'shuttingDown', on: false });
  // Who waits at the other site is served again (PQ1).
  for (const queue of state.queues.keys()) state.touchedQueues.add(queue);
  log(turn, { level: 'warn', what: 'graceful shutdown taken back', because: `asked for by ${by}` });
}

/**
 * Those first whose phones are at the other site already, since theirs is the shortest way to work again, and those last
 * whose phones cannot go there; of equals those first who take no calls at the moment.
 */
function inOrder(state: CentreState, phonesElsewhere: ReadonlySet<string> = new Set()): string[] {
  const rank = ({ number, configuration, agent }: DN) =>
    (phonesElsewhere.has(number) ? 0 : configuration.phoneStays === undefined ? 2 : 4) +
    (agent?.state.name === 'Ready' ? 1 : 0);
  return agentsOf(state)
    .filter((dn) => !isAtWork(dn))
    .sort((a, b) => rank(a) - rank(b))
    .map(({ number }) => number);
}

function stayingOf(state: CentreState): Shutdown['staying'] {
  return agentsOf(state).flatMap(({ number, agent, configuration: { phoneStays } }) =>
    agent === undefined || phoneStays === undefined
      ? []
      : [{ dn: number, agentId: agent.agentId, because: phoneStays }],
  );
}

function change(state: CentreState, shutdown: Shutdown | undefined): void {
  state.shutdown = shutdown;
  state.changed.shutdown = true;
  armShutdown(state);
}

/** Also where another server goes on with it (MC2). */
export function armShutdown(state: CentreState): void {
  const { shutdown, deadlines } = state;
  deadlines.clear(DEADLINE.letGo('wave'));
  deadlines.clear(DEADLINE.letGo('deadline'));
  if (shutdown === undefined) return;
  const { nextWaveAt, deadlineAt, isPastDeadline } = shutdown;
  // Only where somebody can go: a wave that takes nobody would be due again at once.
  if (nextOf(state, shutdown).length > 0) deadlines.set(DEADLINE.letGo('wave'), nextWaveAt);
  if (deadlineAt !== undefined && !isPastDeadline) deadlines.set(DEADLINE.letGo('deadline'), deadlineAt);
}

/** AG20: the turn is over; those who have nothing left to do here may go. */
export function letGo(turn: Turn): void {
  const { state } = turn;
  if (state.shutdown === undefined) return;
  passDeadline(turn, state.shutdown);
  takeWave(turn, state.shutdown);
  const { turns, isPastDeadline } = state.shutdown;
  const waiting = new Set(turns);
  for (const dn of agentsOf(state)) {
    if (waiting.has(dn.number) || (isAtWork(dn) && !isPastDeadline)) continue;
    endLogin(turn, dn, {
      reasons: { LogoutReason: LOGOUT_REASONS.gracefulShutdown },
      because: isPastDeadline
        ? 'the server is shutting down, and its deadline has passed'
        : 'the server is shutting down, and the agent is neither in a call nor in after-call work',
    });
  }
  // The last of the others may have gone now, so that those whose phones stay are next.
  if (turns.length > 0) armShutdown(state);
}

/** AG24: who has gone to work meanwhile waits for no wave any more, but for the end of that work. */
function takeWave(turn: Turn, shutdown: Shutdown): void {
  const { state, now } = turn;
  const { turns, wave, waveEveryMs, nextWaveAt } = shutdown;
  const waiting = turns.filter((number) => {
    const dn = state.dns.get(number);
    return dn?.agent !== undefined && !isAtWork(dn);
  });
  const next = now < nextWaveAt ? [] : nextOf(state, { turns: waiting }).slice(0, wave);
  if (next.length === 0 && waiting.length === turns.length) return;
  change(state, {
    ...shutdown,
    turns: waiting.filter((number) => !next.includes(number)),
    nextWaveAt: next.length === 0 ? nextWaveAt : now + waveEveryMs,
  });
}

/** Those whose phones stay go when nobody else is left: they serve the line, and can work nowhere else afterwards. */
function nextOf(state: CentreState, { turns }: Pick<Shutdown, 'turns'>): readonly string[] {
  const stays = (number: string) => state.dns.get(number)?.configuration.phoneStays !== undefined;
  const movers = turns.filter((number) => !stays(number));
  if (movers.length > 0) return movers;
  return [...state.agentDNs.values()].every(stays) ? turns : [];
}

/** AG25. */
function passDeadline(turn: Turn, shutdown: Shutdown): void {
  const { state, now } = turn;
  const { deadlineAt, isPastDeadline, isForced } = shutdown;
  if (deadlineAt === undefined || isPastDeadline || now < deadlineAt) return;
  const detail = { agents: state.agentDNs.size, calls: state.calls.size };
  change(state, { ...shutdown, turns: [], isPastDeadline: true });
  log(turn, {
    level: 'warn',
    what: 'deadline of the graceful shutdown',
    because: isForced ? 'calls that are left are released' : 'calls that are left go on until they end',
    detail,
  });
  if (!isForced) return;
  for (const call of [...state.calls.values()]) {
    if (call.isEmergency) continue;
    if (call.phase.name === 'waiting' || call.phase.name === 'offered') leaveLine(turn, call, 'released');
    // Else what ends would be the transfer, and the call as before.
    leaveTransfer(turn, call, NOBODY);
    const left = state.calls.get(call.connId);
    if (left !== undefined) changeCall(turn, left, { type: 'ended', ...UNAVAILABLE });
  }
}

/** RFC 3261 §21.5.4: whoever was not answered may call elsewhere. */
const UNAVAILABLE = { status: 503, why: 'the deadline of a graceful shutdown' } as const;

function agentsOf(state: CentreState): DN[] {
  return [...state.agentDNs.values()].flatMap((number) => state.dns.get(number) ?? []);
}

/** A call that rings counts too: it is as good as answered, and would go back into a line that nobody serves. */
function isAtWork(dn: DN): boolean {
  return dn.calls.length > 0 || dn.agent?.state.name === 'AfterCallWork';
}

export function shutdownViewOf(state: CentreState): ShutdownView | undefined {
  const { shutdown } = state;
  if (shutdown === undefined) return undefined;
  const { by, turns, staying, deadlineAt, isPastDeadline, isForced, endsProcess } = shutdown;
  let waiting = 0;
  for (const queue of state.queues.values()) waiting += queue.waiting.size;
  const [agents, calls] = [state.agentDNs.size, state.calls.size];
  return {
    ...{ by, agents, calls, waiting, staying, deadlineAt, isPastDeadline, isForced, endsProcess },
    inWaves: turns.length,
    isDrained: agents === 0 && calls === 0,
  };
}
