const SIZE = 30;
const WIDTH = 4;
const RADIUS = (SIZE - WIDTH) / 2;
const LENGTH = 2 * Math.PI * RADIUS;

/** Closes clockwise from the top. `progress` 0 to 1. */
export function Ring({ progress, text }: { readonly progress: number; readonly text: string }) {
  return (
    <svg className="ring" viewBox={`0 0 ${SIZE} ${SIZE}`} aria-hidden="true">
      <circle className="ring-way" cx={SIZE / 2} cy={SIZE / 2} r={RADIUS} strokeWidth={WIDTH} />
      <circle
        className="ring-done"
        cx={SIZE / 2}
        cy={SIZE / 2}
        r={RADIUS}
        strokeWidth={WIDTH}
        strokeDasharray={LENGTH}
        strokeDashoffset={LENGTH * (1 - progress)}
        transform={`rotate(-90 ${SIZE / 2} ${SIZE / 2})`}
      />
      <text x={SIZE / 2} y={SIZE / 2} dy="0.35em" textAnchor="middle">
        {text}
      </text>
    </svg>
  );
}
