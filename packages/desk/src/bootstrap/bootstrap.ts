/**
 * What a desk knows before it has spoken to anybody: the bootstrap file that an administrator delivers with the
 * desktop (S0), or the local data of a third-party desktop (S3). Either form becomes this.
 */
import type { Millis } from '@holdfast/kernel';
import type { Endpoint } from '../desk-types.ts';

export interface Bootstrap {
  /** Name of the environment, shown at log-in. */
  readonly environment: string;
  readonly preferred: BootstrapSite;
  /** Undefined: this desk cannot start while the one site that it knows is dead. */
  readonly peer: BootstrapSite | undefined;
  /** The place is asked for at each start, and nothing about the agent's sites is kept (S4, DS20). */
  readonly hotSeating: boolean;
  /** The phone is part of the desktop and can be restarted by it (DS18). */
  readonly embeddedEndpoint: boolean;
}

export interface BootstrapSite {
  /** Its name, once a Configuration Server has told it. */
  readonly site: string | undefined;
  /** The desktop's Application at this site. */
  readonly application: string;
  readonly applicationType: ApplicationType;
  /** Where the agent sits, as this site names the place (S3); undefined where the Person's default place counts. */
  readonly place: string | undefined;
  /** A pair is tried in its order; of a cluster any node is taken. */
  readonly form: 'pair' | 'cluster';
  readonly nodes: readonly Endpoint[];
  /**
   * A pair: the pause after all its nodes have failed, once a connection had stood. A cluster:
   * `warm-standby.retry-delay` (S0, DS5). Undefined: the option's default.
   */
  readonly timeoutMs: Millis | undefined;
}

export type ApplicationType = 'Workspace' | 'ThirdPartyApplication';

/** A mistake in the file, or something to be told about it. */
export interface BootstrapProblem {
  /** 1 is the first; 0 where no line can be named. */
  readonly line: number;
  /** `login.nodes.peer-site.Env`, or `sites.peer.nodes`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong and what is allowed. */
  readonly text: string;
}

export type BootstrapReading =
  | { readonly ok: true; readonly bootstrap: Bootstrap; readonly warnings: readonly BootstrapProblem[] }
  | { readonly ok: false; readonly problems: readonly BootstrapProblem[] };

export function describeProblem(file: string, { line, key, text }: BootstrapProblem): string {
  const place = [line > 0 ? `line ${line}` : '', key].filter((part) => part !== '').join(', ');
  return place === '' ? `${file}: ${text}` : `${file}, ${place}: ${text}`;
}
