/** What the conduct of one agent at one site shows of the rules (ME3): answers to what the desk asked, and the agent's events. */
import type { DeskReply, DeskRequest } from '@holdfast/protocol';
import type { RuleCensus } from './rule-census.ts';

/** The client of one desk's session at one site, as its messages show it. */
export class AgentWatch {
  readonly #census: RuleCensus;
  readonly #asked = new Map<number, DeskRequest>();
  #state = '';
  /** Work mode under which the state was last reported; timed after-call work carries its time. */
  #wasTimed = false;
  #isOnCall = false;
  #isRinging = false;

  constructor(census: RuleCensus) {
    this.#census = census;
  }

  asks(request: DeskRequest): void {
    if (!('ReferenceID' in request)) return;
    if (request.type === 'AgentReady' || request.type === 'AgentNotReady')
      this.#asked.set(request.ReferenceID, request);
    // A handful waits at most; what a lost connection never answered is forgotten here.
    if (this.#asked.size > 64) this.#asked.clear();
  }

  hears(message: DeskReply): void {
    if (message.type === 'Done' && this.#asked.delete(message.ReferenceID) && this.#isOnCall)
      return this.#census.count('AG5');
    if (message.type !== 'Event') return;
    const { name, attributes } = message;
    switch (name) {
      case 'EventAgentReady':
      case 'EventAgentNotReady':
        return this.#standing(name, attributes);
      case 'EventAgentLogin':
      case 'EventAgentLogout':
        this.#state = '';
        return;
      case 'EventRinging':
        this.#isRinging = attributes.ThisQueue !== undefined;
        return;
      case 'EventEstablished':
        this.#isOnCall = true;
        this.#isRinging = false;
        return;
      case 'EventReleased':
        this.#isOnCall = false;
        this.#isRinging = false;
        return;
      default:
    }
  }

  #standing(
    name: 'EventAgentReady' | 'EventAgentNotReady',
    attributes: Extract<DeskReply, { type: 'Event' }>['attributes'],
  ): void {
    const census = this.#census;
    const { ReferenceID, WorkMode, Extensions } = attributes;
    const isAsked = ReferenceID !== undefined && this.#asked.delete(ReferenceID);
    const isAfterCallWork = WorkMode === 'AfterCallWork';
    const state = `${name} ${WorkMode} ${JSON.stringify(attributes.Reasons ?? {})}`;
    if (isAsked && state === this.#state) census.count('AG6');
    if (isAsked && isAfterCallWork && !this.#isOnCall) census.count('AG9');
    if (isAsked && name === 'EventAgentNotReady' && this.#isRinging) census.count('AG15');
    if (!isAsked && isAfterCallWork) census.count('AG7');
    if (!isAsked && !isAfterCallWork && this.#wasTimed)
      census.count(name === 'EventAgentReady' ? 'AG8' : 'AG10');
    this.#state = state;
    this.#wasTimed = isAfterCallWork && typeof Extensions?.WrapUpTime === 'number';
  }
}
