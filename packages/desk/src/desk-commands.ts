/** What the agent asks for, in the words of a site: requests about calls, and the choice of a state. */
import type { AgentChoice } from '@holdfast/continuity';
import type { DeskCommand } from './desk-types.ts';
import type { Ask } from './telephony-link.ts';

type Command<Type extends DeskCommand['type']> = Extract<DeskCommand, { type: Type }>;
/** The DN is that of the site which is asked. */
export type AskWithoutDN = Ask extends infer Each
  ? Each extends { dn: string }
    ? Omit<Each, 'dn'>
    : never
  : never;

type CallCommand = 'release' | 'call' | 'transfer' | 'consult' | 'completeTransfer' | 'attach';

export function requestOf(command: Command<CallCommand>): AskWithoutDN {
  switch (command.type) {
    case 'release':
      return { type: 'ReleaseCall', ConnID: command.ConnID };
    case 'call': {
      const { destination, userData } = command;
      return { type: 'MakeCall', destination, ...(userData && { userData }) };
    }
    case 'transfer':
    case 'consult': {
      const { ConnID, destination, userData } = command;
      const type = command.type === 'transfer' ? 'SingleStepTransfer' : 'InitiateTransfer';
      return { type, ConnID, destination, ...(userData && { userData }) };
    }
    case 'completeTransfer': {
      const { ConnID, consultConnID } = command;
      return { type: 'CompleteTransfer', ConnID, consultConnID };
    }
    case 'attach':
      return { type: 'AttachUserData', ConnID: command.ConnID, userData: command.userData };
  }
}

export function choiceOf(command: Command<'ready' | 'notReady'>): AgentChoice {
  if (command.type === 'ready') return { state: 'Ready', workMode: 'Unknown', reasons: {} };
  const { reason, workMode = 'Unknown' } = command;
  return { state: 'NotReady', workMode, reasons: reason === undefined ? {} : { ReasonCode: reason } };
}
