/**
 * Calls that stood at the site of the login when its link was lost: until they are over the agent comes back NotReady
 * (DS14). A call may be over, as the phone says, before the desk is logged in again, or before the loss of the link is
 * even noticed: then nothing is held back for it.
 */
import { standingCalls } from './calls.ts';
import type { TelephonyLink } from './telephony-link.ts';

export class CallsAtLoss {
  #count = 0;
  /** ConnIDs of calls that are over as the phone says, and whose end the site has not told. */
  #over: ReadonlySet<string> = new Set();

  linkLost({ calls }: TelephonyLink): void {
    this.#count = standingCalls(calls).filter((call) => !this.#over.has(call)).length;
  }

  /** The phone, or the agent, says that the call is over. */
  callOver(telephony: Iterable<TelephonyLink>): void {
    this.#count = 0;
    this.#over = new Set([...telephony].flatMap(({ calls }) => standingCalls(calls)));
  }

  /** It goes on at the other site, and is one of that site's calls. */
  adopted(): void {
    this.#count = 0;
  }

  /** Whether there were any; asked once, at the log-in that follows. */
  take(): boolean {
    const had = this.#count > 0;
    this.#count = 0;
    return had;
  }
}
