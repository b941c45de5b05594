import { useEffect, useState } from 'react';

const STEP_MS = 250;

/** The page's wall clock, ms, in steps that are fine enough for rings and seconds. */
export function usePageClock(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), STEP_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
