/**
 * The value of `login.nodes.…` (S0): `[host:port][host:port],Timeout=10`, the order being the preference.
 */
import type { Endpoint } from '../desk-types.ts';

/** More than any cluster of Configuration Servers has. */
export const NODES_MAX = 64;
const TIMEOUT_MAX_S = 3_600;

export interface NodeList {
  readonly nodes: readonly Endpoint[];
  readonly timeoutMs: number | undefined;
}

/** The list, or what is wrong with it. */
export function readNodeList(value: string): NodeList | string {
  const [, list = '', rest = ''] =
    /^\s*((?:\[[^[\]\s]*(?:\[[^[\]\s]*\][^[\]\s]*)?\]\s*)*)(.*)$/s.exec(value) ?? [];
  const nodes: Endpoint[] = [];
  for (const [, host = '', digits = ''] of list.matchAll(/\[(\[[^[\]]*\]|[^[\]:]*):?(\d*)\]/g)) {
    const port = Number(digits);
    const name = host.replace(/^\[|\]$/g, '');
    if (!/^[A-Za-z0-9.:_-]{1,253}$/.test(name) || digits === '' || port < 1 || port > 65_535)
      return `"[${host}:${digits}]" must be [host:port] with a port from 1 to 65535`;
    nodes.push({ host: name, port });
  }
  if (nodes.length === 0) return `"${value.slice(0, 80)}" must be [host:port][host:port],Timeout=seconds`;
  if (nodes.length > NODES_MAX) return `${nodes.length} nodes are too many; at most ${NODES_MAX} are allowed`;
  if (rest.trim() === '') return { nodes, timeoutMs: undefined };
  const seconds = Number(/^,\s*Timeout\s*=\s*(\d{1,5})\s*$/i.exec(rest)?.[1] ?? Number.NaN);
  if (!(seconds >= 1 && seconds <= TIMEOUT_MAX_S))
    return `"${rest.trim().slice(0, 80)}" must be ,Timeout=seconds, from 1 to ${TIMEOUT_MAX_S}`;
  return { nodes, timeoutMs: seconds * 1000 };
}
