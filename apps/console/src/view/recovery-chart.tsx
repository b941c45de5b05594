/**
 * The time line and, under it, the curve, on one axis, drawn as SVG in the page's own colours: a mark of a lane
 * stands exactly above the step of the curve that belongs to it.
 */

import type { BoardLedger } from '@holdfast/protocol';
import { useElementSize } from '@mantine/hooks';
import { exactDuration } from '../state/durations.ts';
import { axisTicks, type CurvePoint, LANES, type Recovery } from '../state/recovery.ts';
import { LANE_WORDS, TEXTS } from '../texts.ts';

const LABELS = 168;
const RIGHT = 18;
const TOP = 4;
const LANE = 17;
const AXIS = 20;
const LANES_END = TOP + LANE * LANES.length;
const WORDS = TEXTS.disaster;

export function RecoveryChart({
  recovery,
  ledger,
}: {
  readonly recovery: Recovery;
  readonly ledger: BoardLedger;
}) {
  const { ref, width, height } = useElementSize();
  const right = Math.max(LABELS + 1, width - RIGHT);
  const x = (ms: number) => LABELS + (Math.min(ms, recovery.endMs) / recovery.endMs) * (right - LABELS);
  const bottom = Math.max(LANES_END + 30, height - AXIS);
  const summary = WORDS.summary({
    site: ledger.fault.site,
    ready: recovery.lanes.ready.length,
    all: recovery.concerned,
    p50: ledger.total === null ? WORDS.none_yet : exactDuration(ledger.total.p50),
    p99: ledger.total === null ? WORDS.none_yet : exactDuration(ledger.total.p99),
  });
  return (
    <div className="chart" ref={ref}>
      {width === 0 ? null : (
        <svg width={width} height={height} role="img" aria-label={summary}>
          <Axis recovery={recovery} x={x} bottom={bottom} />
          <Lanes recovery={recovery} x={x} right={right} />
          <Curve recovery={recovery} x={x} top={LANES_END + 10} bottom={bottom} />
          <line className="chart-fault" x1={x(0)} x2={x(0)} y1={TOP} y2={bottom} />
        </svg>
      )}
    </div>
  );
}

type Scale = (ms: number) => number;

function Axis({
  recovery,
  x,
  bottom,
}: {
  readonly recovery: Recovery;
  readonly x: Scale;
  readonly bottom: number;
}) {
  return (
    <g className="chart-axis">
      {axisTicks(recovery.endMs).map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={TOP} y2={bottom} />
          <text x={x(tick)} y={bottom + 15} textAnchor="middle">
            {tick === 0 ? '0' : `${tick / 1000} s`}
          </text>
        </g>
      ))}
    </g>
  );
}

function Lanes({
  recovery,
  x,
  right,
}: {
  readonly recovery: Recovery;
  readonly x: Scale;
  readonly right: number;
}) {
  return LANES.map((lane, index) => {
    const y = TOP + LANE * (index + 0.5);
    const marks = recovery.lanes[lane];
    return (
      <g key={lane} className="lane" data-lane={lane}>
        <line className="lane-line" x1={x(0)} x2={right} y1={y} y2={y} />
        <text className="lane-word" x={0} y={y} dy="0.35em">
          {LANE_WORDS[lane]}
        </text>
        <text className="lane-count" x={LABELS - 12} y={y} dy="0.35em" textAnchor="end">
          {TEXTS.figures.of(marks.length, recovery.concerned)}
        </text>
        {marks.map((ms, mark) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: marks have no names, and come in the order of time.
          <Mark key={mark} lane={index} x={x(ms)} y={y} />
        ))}
      </g>
    );
  });
}

/** Each lane has its own shape as well as its own colour. */
function Mark({ lane, x, y }: { readonly lane: number; readonly x: number; readonly y: number }) {
  const at = `translate(${x} ${y})`;
  if (lane === 0) return <path className="mark" transform={at} d="M0-5.5L5 4.5H-5z" />;
  if (lane === 1) return <path className="mark" transform={at} d="M0-5.5L5.5 0 0 5.5-5.5 0z" />;
  if (lane === 2) return <rect className="mark" transform={at} x={-4.5} y={-4.5} width={9} height={9} />;
  return <circle className="mark" transform={at} r={5} />;
}

interface CurveProps {
  readonly recovery: Recovery;
  readonly x: Scale;
  readonly top: number;
  readonly bottom: number;
}

function Curve({ recovery, x, top, bottom }: CurveProps) {
  const most = Math.max(1, recovery.concerned);
  const y = (ready: number) => bottom - (ready / most) * (bottom - top);
  const steps = (points: readonly CurvePoint[]) =>
    points
      .map(
        ({ atMs, agents }, index) =>
          `${index === 0 ? 'M' : 'H'}${x(atMs)}${index === 0 ? ' ' : 'V'}${y(agents)}`,
      )
      .join('');
  const line = `${steps(recovery.curve)}H${x(recovery.nowMs)}`;
  return (
    <g className="curve">
      {/* All that lies to the left of what was allowed; what is white between it and the curve is ours. */}
      <path className="chart-allowed" d={`${steps(recovery.allowed)}H${x(0)}z`} />
      <line className="curve-all" x1={x(0)} x2={x(recovery.endMs)} y1={y(most)} y2={y(most)} />
      <path className="curve-area" d={`${line}V${bottom}H${x(0)}z`} />
      <path className="curve-line" d={line} />
      <line className="curve-floor" x1={x(0)} x2={x(recovery.endMs)} y1={bottom} y2={bottom} />
      <text className="lane-word" x={0} y={(top + bottom) / 2} dy="0.35em">
        {WORDS.curve}
      </text>
      <text className="lane-count" x={LABELS - 12} y={y(most)} dy="0.35em" textAnchor="end">
        {recovery.concerned}
      </text>
      <text className="lane-count" x={LABELS - 12} y={bottom} dy="0.1em" textAnchor="end">
        0
      </text>
    </g>
  );
}
