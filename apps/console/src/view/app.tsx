import { useDisclosure } from '@mantine/hooks';
import { useSyncExternalStore } from 'react';
import type { BoardLink } from '../board-link.ts';
import type { BoardState } from '../state/board.ts';
import { TEXTS } from '../texts.ts';
import { AgentDrawer } from './agent-drawer.tsx';
import { DisasterPanel } from './disaster-panel.tsx';
import { Feed } from './feed.tsx';
import { Header } from './header.tsx';
import { HelpPanel } from './help-panel.tsx';
import { JoinPanel } from './join-panel.tsx';
import { LinkBanner } from './link-banner.tsx';
import { Notices } from './notices.tsx';
import { Stage } from './stage.tsx';
import { usePageClock } from './use-page-clock.ts';

/** The whole page: two banks and a river, the disaster underneath, the decisions beside it. */
export function App({ link }: { readonly link: BoardLink }) {
  const board = useSyncExternalStore(link.subscribe, link.read);
  const now = usePageClock();
  const [isHelpOpen, help] = useDisclosure(false);
  const [isJoinOpen, join] = useDisclosure(false);
  const { snapshot, opened } = board;
  const agent = snapshot?.agents.find((candidate) => candidate.agent === opened?.agent);
  // The picture stands still while nobody feeds it: a ring that closes would claim to know.
  const labNow = board.link.name === 'live' || snapshot === null ? now + board.labAheadMs : snapshot.now;
  return (
    <div className="page" data-link={board.link.name}>
      <Header board={board} now={now} onHelp={help.open} onJoin={join.open} />
      <main className="main">
        <LinkBanner board={board} now={now} />
        {snapshot === null ? null : (
          <>
            <Stage
              board={board}
              snapshot={snapshot}
              now={labNow}
              selected={opened?.agent ?? null}
              onSelect={link.select}
              onPress={link.press}
            />
            <div className="below">
              <DisasterPanel ledgers={snapshot.ledgers} now={labNow} />
              <Feed title={TEXTS.feed.title} empty={TEXTS.feed.empty} decisions={board.decisions} />
            </div>
            {opened === null || agent === undefined ? null : (
              <AgentDrawer
                agent={agent}
                opened={opened}
                sites={snapshot.sites}
                now={labNow}
                onClose={() => link.select(null)}
              />
            )}
          </>
        )}
      </main>
      <Notices notices={board.notices} onDismiss={link.dismiss} />
      <HelpPanel isOpen={isHelpOpen} onClose={help.close} />
      <JoinPanel isOpen={isJoinOpen} join={snapshot?.join ?? null} onClose={join.close} />
      <Announcer announcement={board.announcement} />
    </div>
  );
}

function Announcer({ announcement }: Pick<BoardState, 'announcement'>) {
  return (
    <div className="unseen" role="status">
      {announcement === null ? '' : TEXTS.announce(announcement.site, announcement.state)}
    </div>
  );
}
