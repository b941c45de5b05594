/**
 * LG3: what a client asks again after a takeover is answered as it was answered before, and nothing is done again. Looked
 * at where the server decides it: a request that has been answered before reaches neither the calls nor their data.
 */
import type { CentreInput } from '@holdfast/centre';
import type { DeskReply } from '@holdfast/protocol';
import type { SipServerNode } from '@holdfast/servers';
import type { RuleCensus } from './rule-census.ts';
import type { WholeDefect } from './whole-defects.ts';

/** What comes of the requests that a desk repeats. */
const DOES: ReadonlySet<CentreInput['type']> = new Set([
  'attachUserData',
  'deleteUserData',
  'releaseCall',
  'callStarted',
]);

export interface RepeatPorts {
  readonly census: RuleCensus;
  readonly defect: WholeDefect | undefined;
  fail(check: string, detail: string): void;
}

/** The request that has just been read, where it had been answered before. */
export class Repeats {
  #answered: string | undefined;

  constructor({ clients, centre }: SipServerNode['parts'], { census, defect, fail }: RepeatPorts) {
    const repeated = clients.repeated.bind(clients);
    clients.repeated = (client, request): DeskReply | undefined => {
      const reply = repeated(client, request);
      if (reply === undefined) return undefined;
      this.#answered = request.type;
      census.count('LG3');
      return defect === 'answers-forgotten' ? undefined : reply;
    };
    const handle = centre.handle.bind(centre);
    centre.handle = (now, input) => {
      if (this.#answered !== undefined && DOES.has(input.type))
        fail('done-once', `${this.#answered} was answered before, and ${input.type} comes of it again`);
      return handle(now, input);
    };
  }

  /** Something else is read. */
  begin(): void {
    this.#answered = undefined;
  }
}
