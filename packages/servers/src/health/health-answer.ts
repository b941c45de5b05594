/**
 * The answers of the port `health` (HR1 to HR4). Who asks is a load balancer, an orchestrator or Prometheus: nobody has
 * to show anything, and so nothing is said that names a person, a number or an address.
 */
import type { Metric, Readiness, ServerReport } from './server-report.ts';

export interface HealthAnswer {
  readonly status: 200 | 404 | 405 | 503;
  readonly contentType: string;
  readonly body: string;
}

const PLAIN = 'text/plain; charset=utf-8';
/** The text format of Prometheus, version 0.0.4. */
const METRICS = 'text/plain; version=0.0.4; charset=utf-8';
const PATHS = '/live, /ready, /ready/standby, /ready/upgrade and /metrics';

export function answerHealth(
  { method, path }: { readonly method: string; readonly path: string },
  report: ServerReport,
): HealthAnswer {
  if (method !== 'GET' && method !== 'HEAD') return said(405, 'Only GET and HEAD are answered here.');
  switch (path) {
    case '/live':
      // That there is an answer is the answer.
      return said(200, 'live');
    case '/ready':
      return ofReadiness(report.primary);
    case '/ready/standby':
      return ofReadiness(report.standby);
    case '/ready/upgrade':
      return ofReadiness(report.upgrade);
    case '/metrics':
      return { status: 200, contentType: METRICS, body: metricsText(report.metrics) };
    default:
      return said(404, `There is nothing at this path; ask for ${PATHS}.`);
  }
}

function ofReadiness(readiness: Readiness): HealthAnswer {
  if (!readiness.ok) return said(503, readiness.because);
  return said(200, readiness.finding === undefined ? 'ready' : `ready\n${readiness.finding}`);
}

function said(status: HealthAnswer['status'], text: string): HealthAnswer {
  return { status, contentType: PLAIN, body: `${text}\n` };
}

export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(textOf).join('');
}

function textOf({ name, type, help, figures }: Metric): string {
  const lines = figures.map(({ value, labels = {} }) => {
    const written = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return `${name}${written.length === 0 ? '' : `{${written.join(',')}}`} ${numberOf(value)}\n`;
  });
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** As the format writes what is no number of ours. */
function numberOf(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
