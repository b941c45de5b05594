import type { BoardSnapshot } from '@holdfast/protocol';
import { CopyButton } from '@mantine/core';
import { TEXTS } from '../texts.ts';
import { Dialog } from './dialog.tsx';

const WORDS = TEXTS.join;
const FIELDS = ['server', 'user', 'password', 'queue'] as const;

export interface JoinPanelProps {
  readonly isOpen: boolean;
  readonly join: BoardSnapshot['join'];
  readonly onClose: () => void;
}

export function JoinPanel({ isOpen, join, onClose }: JoinPanelProps) {
  return (
    <Dialog isOpen={isOpen} title={WORDS.title} onClose={onClose}>
      <p className="lead">{join === null ? WORDS.absent : WORDS.lead}</p>
      {join === null ? null : (
        <dl className="join">
          {FIELDS.map((field) => (
            <div key={field}>
              <dt>{WORDS[field]}</dt>
              <dd>
                <code>{join[field]}</code>
                <CopyButton value={join[field]}>
                  {({ copied, copy }) => (
                    <button
                      type="button"
                      className="button"
                      onClick={copy}
                      aria-label={`${copied ? WORDS.copied : WORDS.copy}: ${WORDS[field]}`}
                    >
                      {copied ? WORDS.copied : WORDS.copy}
                    </button>
                  )}
                </CopyButton>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Dialog>
  );
}
