import type { Notice } from '../state/board.ts';
import { TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';

export interface NoticesProps {
  readonly notices: readonly Notice[];
  readonly onDismiss: (id: number) => void;
}

/** What came of a button: the last line of the page, where it covers nothing. */
export function Notices({ notices, onDismiss }: NoticesProps) {
  return (
    <div className="notices" role="status">
      {notices.map(({ id, level, text }) => (
        <div key={id} className="notice" data-level={level}>
          <span>{text}</span>
          <button
            type="button"
            className="button small"
            aria-label={TEXTS.dismiss}
            onClick={() => onDismiss(id)}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
