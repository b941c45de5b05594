/** Small drawings, 16 by 16, in the colour of the text around them. Words beside them carry the meaning. */
const PATHS = {
  ready: 'M3 8.5l3.2 3.2L13 4.8',
  talking:
    'M3.2 2.6l2.3-.4 1.3 3.1-1.5 1.2c.7 1.6 1.9 2.8 3.6 3.6l1.2-1.5 3.1 1.3-.4 2.3c-5.6.9-10.5-4.2-9.6-9.6z',
  wrapUp: 'M3 13l.8-3.2 6.8-6.8 2.4 2.4-6.8 6.8zM9.2 4.4l2.4 2.4',
  notReady: 'M5.5 3.5v9M10.5 3.5v9',
  out: 'M9.5 3H3.5v10h6M7 8h6.5M11 5.5L13.5 8 11 10.5',
  cut: 'M2.5 8h3.5M10 8h3.5M6 5.5l4 5M10 5.5l-4 5',
  kill: 'M9 1.8L3.5 9h4L7 14.2 12.5 7h-4z',
  hang: 'M5.5 3.5v9M10.5 3.5v9',
  restore: 'M12.8 8a4.8 4.8 0 1 1-1.6-3.6M11.5 1.8v2.9H8.6',
  up: 'M3 8.5l3.2 3.2L13 4.8',
  down: 'M4 4l8 8M12 4l-8 8',
  hung: 'M5.5 3.5v9M10.5 3.5v9',
  starting: 'M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 6 8 6 11M11 2.5c0 3-6 8-6 11',
  caller: 'M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 14c0-3 2.2-4.5 5-4.5s5 1.5 5 4.5',
  light:
    'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  dark: 'M12.8 9.8A5.5 5.5 0 0 1 6.2 3.2a5.5 5.5 0 1 0 6.6 6.6z',
  auto: 'M2 3.5h12v7.5H2zM5.5 13.5h5M8 11v2.5',
  help: 'M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 11.8v.1M8 14.3A6.3 6.3 0 1 0 8 1.7a6.3 6.3 0 0 0 0 12.6z',
  alarm:
    'M3.2 11.5h9.6c-1-1-1.4-2-1.4-4.2 0-2.1-1.3-3.8-3.4-3.8S4.6 5.2 4.6 7.3c0 2.2-.4 3.2-1.4 4.2zM6.8 13.7h2.4',
  alarmOver:
    'M3.2 11.5h9.6c-1-1-1.4-2-1.4-4.2 0-2.1-1.3-3.8-3.4-3.8S4.6 5.2 4.6 7.3c0 2.2-.4 3.2-1.4 4.2zM2 14L14 2',
  move: 'M2.5 8h10M9 4.5L12.5 8 9 11.5',
  stay: 'M8 2.5v7M4.8 6.8L8 10l3.2-3.2M3 13.5h10',
  link: 'M6.8 9.2l2.4-2.4M5 7.2L3.4 8.8a2.7 2.7 0 0 0 3.8 3.8L8.8 11M7.2 5l1.6-1.6a2.7 2.7 0 0 1 3.8 3.8L11 8.8',
  warning: 'M8 2.2L14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1',
  close: 'M4 4l8 8M12 4l-8 8',
  older: 'M10 3.5L5.5 8l4.5 4.5',
  newer: 'M6 3.5L10.5 8 6 12.5',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
