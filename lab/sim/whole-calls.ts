/**
 * No call and no place in line may vanish: the server's own log of events, read after every step, says who has come
 * and who has gone, and the centre must hold exactly those who are there by the log (QU13, CA11).
 */
import type { Call } from '@holdfast/centre';
import type { EventMessage } from '@holdfast/protocol';
import type { Check } from './checkers.ts';
import type { SteppedServer } from './whole-checks.ts';
import type { SipServerProgram } from './whole-sip-server.ts';

const COMES: ReadonlySet<string> = new Set([
  'EventQueued',
  'EventRinging',
  'EventDialing',
  'EventEstablished',
]);
const GOES: ReadonlySet<string> = new Set(['EventDiverted', 'EventAbandoned', 'EventReleased']);

/** What one server has told; a member of a pair that goes on tells what the former one told, too. */
class Account {
  readonly program: SipServerProgram;
  readonly #at = new Map<string, Set<string>>();
  readonly #waiting = new Map<string, Set<string>>();
  #number = 0;
  #turns = 0;
  readonly #isWhole: boolean;

  constructor(program: SipServerProgram) {
    this.program = program;
    const log = program.parts?.log;
    const [first] = log?.after({ number: 0 }, () => true) ?? [];
    // One that goes on without the beginning of the log cannot be accounted for.
    this.#isWhole = log?.position.number === 0 || first?.number === 1;
  }

  violated(): string | undefined {
    const { parts, centreTurns } = this.program;
    if (parts === undefined || centreTurns === this.#turns || !this.#isWhole) return undefined;
    this.#turns = centreTurns;
    const { log } = parts;
    if (log.position.number !== this.#number) {
      const from = { epoch: log.epoch, number: this.#number };
      this.#number = log.position.number;
      for (const { message } of log.after(from, () => true)) {
        const broken = this.#enter(message);
        if (broken !== undefined) return broken;
      }
    }
    const { calls, queues } = parts.centre.stateToCheck;
    for (const [queue, told] of this.#waiting) {
      const held = queues.get(queue)?.waiting.size ?? 0;
      if (held !== told.size)
        return `by its events ${told.size} callers wait in queue ${queue}, ${held} stand in line`;
    }
    const held = toldOf(calls.values());
    if (held === this.#at.size) return undefined;
    const lost = [...this.#at.keys()].find((connId) => !calls.has(connId));
    return `by its events there are ${this.#at.size} calls, the centre holds ${held}; ${lost ?? 'one that nobody was told of'}`;
  }

  #enter({ name, attributes }: EventMessage): string | undefined {
    const { ThisDN: dn, ConnID } = attributes;
    if (ConnID === undefined) return undefined;
    const isInLine = this.program.parts?.centre.stateToCheck.queues.has(dn) === true || this.#waiting.has(dn);
    if (COMES.has(name)) {
      this.#of(this.#at, ConnID).add(dn);
      if (isInLine) this.#of(this.#waiting, dn).add(ConnID);
    } else if (GOES.has(name)) {
      if (isInLine && this.#waiting.get(dn)?.delete(ConnID) !== true)
        return `${name} of a call that does not wait in queue ${dn}`;
      const there = this.#at.get(ConnID);
      there?.delete(dn);
      if (there?.size === 0) this.#at.delete(ConnID);
    }
    return undefined;
  }

  #of(all: Map<string, Set<string>>, key: string): Set<string> {
    const known = all.get(key) ?? new Set<string>();
    all.set(key, known);
    return known;
  }
}

/** Calls that stand on a DN: of a caller from outside who was offered or sent to the other site only that one tells (PQ1, SS76). */
function toldOf(calls: Iterable<Call>): number {
  let told = 0;
  for (const { phase, origin, transfer } of calls) {
    // Whoever transfers it is told until it is with somebody else.
    if (transfer !== undefined) {
      told += 1;
      continue;
    }
    const isThere = phase.name === 'offered' ? phase.crossing !== undefined : isOverTrunk(phase);
    if (origin.dn !== undefined || !isThere) told += 1;
  }
  return told;
}

function isOverTrunk(phase: Call['phase']): boolean {
  return (phase.name === 'talking' || phase.name === 'alerting') && phase.trunk !== undefined;
}

/** Of whichever site has just done something. */
export function callsAccounted(stepped: SteppedServer): Check {
  const accounts = new WeakMap<object, Account>();
  return {
    name: 'calls-accounted',
    violated: () => {
      const { site, program } = stepped() ?? {};
      const log = program?.parts?.log;
      if (program === undefined || log === undefined) return undefined;
      let account = accounts.get(log);
      if (account === undefined) {
        account = new Account(program);
        accounts.set(log, account);
      }
      const broken = account.violated();
      return broken === undefined ? undefined : `${site?.name}: ${broken}`;
    },
  };
}
