/** What a lab is told when it is made: how many agents, of which kinds, with which waits, on which lines. */
import type { ConfigObject, OptionSections } from '@holdfast/protocol';
import type { SiteName, SitePorts } from './lab-configuration.ts';
import type { LabAlarm, LabDecision } from './lab-watch.ts';
import type { LineQuality } from './line-quality.ts';
import type { LabTimes } from './times.ts';

export interface LiveLabOptions {
  readonly agents: number;
  readonly seed: number;
  readonly times: LabTimes;
  /** `both`: a share of the agents work with third-party desktops (DS1). */
  readonly families: 'workspace' | 'both';
  /** Which site each agent prefers, in turn (0: north); even halves when absent. */
  readonly homes?: readonly (0 | 1)[];
  /** Whose place is asked for at each start (DS20); a visitor sits at a place that is not the own one. */
  readonly hotSeating?: 'everybody' | 'visitors';
  /** Each DN has a Place of its own; its name at that site (DS21). */
  readonly placeAt?: (place: string, site: SiteName) => string;
  /** Phones are part of the desktops (DS18). */
  readonly hasEmbeddedEndpoints?: boolean;
  /** A fifth of the desks is in an office whose lines can be cut by themselves. */
  readonly hasOutlyingOffice?: boolean;
  /** Of all lines: of desks, phones and callers to the sites, and between the sites; good ones when absent. */
  readonly quality?: LineQuality | undefined;
  /** What a scenario has otherwise than the waits say. */
  readonly configure?: (object: ConfigObject) => ConfigObject | readonly ConfigObject[];
  /** Of both SIP Servers, over what the waits say. */
  readonly serverOptions?: OptionSections;
  /** The bundle of the servers. */
  readonly serverEntry: string;
  /** Kept when given; else a folder of its own that is removed at the end, unless a site did not start. */
  readonly folder?: string;
  /** Fixed ports, for people who want to join; free ones when absent. */
  readonly ports?: SitePorts;
  readonly restarts: boolean;
  /** Each SIP Server has a standby. */
  readonly pairs?: boolean;
  /** The configuration is in a PostgreSQL with a standby, and each site has two proxies, to which desks are connected. */
  readonly hasDatabase?: boolean;
  /** Calls with sound: so many at once (ME6). */
  readonly withSound: number;
  readonly onDecision?: (decision: LabDecision) => void;
  readonly onAlarm?: (alarm: LabAlarm) => void;
}
