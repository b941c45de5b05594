/**
 * Which of a site's three buttons can be pressed. A button that cannot be pressed stays where it is and says why.
 */
import type { BoardSite, SiteCommand } from '@holdfast/protocol';

export const COMMANDS = ['kill', 'hang', 'restore'] as const;
export type Command = SiteCommand['type'];

const ALLOWED: Readonly<Record<BoardSite['state'], readonly Command[]>> = {
  up: ['kill', 'hang'],
  hung: ['kill', 'restore'],
  down: ['restore'],
  starting: ['kill'],
};

export function mayPress(
  command: Command,
  facts: {
    readonly state: BoardSite['state'];
    readonly isLive: boolean;
    readonly pending: Command | undefined;
  },
): boolean {
  return facts.isLive && facts.pending === undefined && ALLOWED[facts.state].includes(command);
}
