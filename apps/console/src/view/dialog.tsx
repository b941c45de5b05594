import { type ReactNode, useEffect, useRef } from 'react';
import { DETAILS } from '../agent-texts.ts';
import { Icon } from './icon.tsx';

export interface DialogProps {
  readonly isOpen: boolean;
  readonly isWide?: boolean;
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** The browser's own dialog: it keeps the focus inside, closes on Escape and gives the focus back. */
export function Dialog({ isOpen, isWide = false, title, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) ref.current?.showModal();
    else ref.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={ref} className="dialog" data-wide={isWide} aria-label={title} onClose={onClose}>
      {isOpen ? (
        <>
          <div className="dialog-head">
            <h2>{title}</h2>
            <button type="button" className="button small" aria-label={DETAILS.close} onClick={onClose}>
              <Icon name="close" />
            </button>
          </div>
          {children}
        </>
      ) : null}
    </dialog>
  );
}
