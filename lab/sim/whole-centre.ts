/**
 * The centre of the whole simulation as it is configured: two sites, a few queues, agents with phones of all kinds, and
 * the names that the DNS knows.
 */
import {
  type GeneratedAgent,
  type GeneratedConfiguration,
  generateConfiguration,
  SALES_QUEUE,
  SUPPORT_QUEUE,
} from '@holdfast/centre';
import { type Random, randomInteger } from '@holdfast/kernel';
import type { ConfigObject } from '@holdfast/protocol';
import { digestSecret, type LookupAnswer } from '@holdfast/sip';
import { SIP_PORT } from './node-program.ts';
import { ANNOUNCER, CALL_PROCESSING_PORT, DEAD_GATEWAY, GATEWAY } from './rule-census.ts';
import { EMERGENCY_NUMBER } from './whole-emergency.ts';
import { withForwards } from './whole-forwards.ts';
import { type DrawnKinds, drawKinds, withPlacePerSite } from './whole-kinds.ts';
import { withPairs } from './whole-pairs.ts';
import { withPeerTrunks, withPools } from './whole-pools.ts';
import { CLIENT_PORT, CONFIG_PORT, nodeHashes, PASSWORD, STAT_PORT } from './whole-servers.ts';

export interface Site {
  readonly name: string;
  readonly address: string;
  /** Of the machine for configuration and statistics. */
  readonly office: string;
}
export const SITES: readonly [Site, Site] = [
  { name: 'north', address: '10.0.1.1', office: '10.0.1.2' },
  { name: 'south', address: '10.0.2.1', office: '10.0.2.2' },
];
export const REALM = 'holdfast';
export const SERVER_SECRET = 'simulated-server-secret-0123456789';
/** Tokens of this world are readable text: the key signs nothing. */
const KEYS = {
  tokenKeys: [{ id: 'simulated', publicKey: 'A'.repeat(43) }],
  nonceKeys: ['0123456789abcdef0123456789abcdef'],
  serverSecret: SERVER_SECRET,
};
export const SCHEMES: readonly GeneratedAgent['scheme'][] = ['active-backup', 'dual', 'single', 'fixed'];
/** As the generated configuration sets it. */
export const PHONE_TIMEOUT_MS = 10_000;
/** Of the generated configuration: it sends its callers to sales. */
export const ROUTING_POINT = '8500';
/** Nobody serves it; somebody removes it, with callers in it or without (QU15). */
export const CAMPAIGN_QUEUE = '8002';
/** Of the sites: the others have one SIP Server, as small centres do. */
const PAIR_SHARE = 0.7;
const ONE_LOGIN_AGENT = 6;
/** Of the first agent: codes, extensions and user names count on from it. */
export const FIRST_CODE = 7_001;

export interface DrawnCentre {
  readonly generated: GeneratedConfiguration;
  readonly objects: readonly ConfigObject[];
  readonly siteTimeoutMs: number;
  readonly waitMaxMs: number;
  /** Whose SIP Server has a mate. */
  readonly pairs: readonly Site[];
  /** By site; empty where nobody has a desk of that family. */
  readonly thirdParty: DrawnKinds['thirdParty'];
}

const LOGIN_RATE = '4';
/** So often that a fault of half a minute shows what comes of it. */
const PROBE_PERIOD_S = '3';
/** With the half minute in which an INVITE that was given up is waited for, shorter than the calm at the end of a world. */
const RINGING_MAX_S = '75';

export interface CentreWish {
  readonly agents: number;
  readonly schemes: readonly GeneratedAgent['scheme'][];
  /** People of all kinds, also one whose desk may not leave its site. */
  readonly isMixed: boolean;
  /** `disaster-recovery.timeout`; drawn unless set. */
  readonly siteTimeoutS?: number | undefined;
  /** The sites whose SIP Server has a mate; drawn unless set. */
  readonly pairs?: readonly string[] | undefined;
  /** The queues of both sites are one pool (PQ1). */
  readonly isPooled: boolean;
  /** Direct calls go to the other site (`dr-forward`); the gateway of this site follows a redirection there (SS78). */
  readonly forwards?: { readonly following: string } | undefined;
}

export function drawCentre(random: Random, wish: CentreWish): DrawnCentre {
  const { agents, schemes, isMixed } = wish;
  const port = {
    configPort: CONFIG_PORT,
    statPort: STAT_PORT,
    clientPort: CLIENT_PORT,
    sipPort: SIP_PORT,
    gateway: `${GATEWAY}:${SIP_PORT}`,
  };
  const drawnS = randomInteger(random, 10, 20);
  const siteTimeoutS = wish.siteTimeoutS ?? drawnS;
  // Some centres have short lines, so that callers overflow.
  const isTight = random() < 0.5;
  const line = isTight ? { holdfast: { 'wait-max': '20', 'waiting-max': '3' } } : {};
  const queues = SITES.flatMap(({ name }) =>
    [SALES_QUEUE, SUPPORT_QUEUE].map((queue) => [`DN/${queue}@${name}`, line] as const),
  );
  const spare = { TServer: { 'auto-logout-timeout': '1' } };
  const logins = SITES.flatMap(({ name }) =>
    Array.from(
      { length: agents },
      (_, index) => [`AgentLogin/${FIRST_CODE + index}@${name}`, spare] as const,
    ),
  );
  // The gateway that lives is asked whether it does; the dead one is left for a call to find (SS32, SS35).
  const asked = { TServer: { 'oos-check': '5', 'oos-force': '8' } };
  const users = Array.from({ length: agents }, (_, index) => `agent${FIRST_CODE + index}`);
  const names = SITES.map(({ name }) => name);
  const servers = {
    'ringing-max': RINGING_MAX_S,
    'emergency-numbers': EMERGENCY_NUMBER,
    'probe-period': PROBE_PERIOD_S,
    // So few that eight agents are a storm (SS80). Who measures the loss of a site measures it without.
    ...(isMixed && { 'login-rate': LOGIN_RATE }),
  };
  const kinds = isMixed ? drawKinds(random, names, users) : { options: {}, thirdParty: {} };
  const generated = generateConfiguration({
    agents,
    schemes,
    sites: [
      { ...SITES[0], ...port },
      { ...SITES[1], ...port },
    ],
    realm: REALM,
    passwordHash: () => '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g',
    digest: (dn) => {
      const account = { user: dn, realm: REALM, password: PASSWORD };
      return {
        md5: digestSecret(nodeHashes, 'MD5', account),
        sha256: digestSecret(nodeHashes, 'SHA-256', account),
      };
    },
    keys: KEYS,
    options: {
      ...Object.fromEntries(queues),
      // Whoever has left the desk NotReady, or has lost it, is logged out after a minute (AG22).
      ...(isMixed && Object.fromEntries(logins)),
      ...Object.fromEntries(
        SITES.map(({ name }) => [
          `DN/${CALL_PROCESSING_PORT}@${name}`,
          { TServer: { contact: `sip:${ANNOUNCER}:${SIP_PORT}` } },
        ]),
      ),
      ...(isMixed && Object.fromEntries(names.map((name) => [`DN/trunk-${name}@${name}`, asked]))),
      ...kinds.options,
      'Application/workspace': {
        'interaction-workspace': { 'disaster-recovery.timeout': String(siteTimeoutS) },
        // A script waits until everybody is at home again; people of all kinds need only be at work (RD2).
        holdfast: { 'return-half-life': isMixed ? '60' : '20' },
      },
      ...Object.fromEntries(names.map((name) => [`Application/sip-${name}`, { holdfast: servers }])),
    },
  });
  const pairs = SITES.filter(({ name }) => wish.pairs?.includes(name) ?? random() < PAIR_SHARE);
  const objects = [
    ...(isMixed ? withPlacePerSite(withoutOneLogin(generated.objects), generated.agents) : generated.objects),
    ...campaignQueues(),
    ...deadTrunks(),
  ];
  return {
    generated,
    objects: withPairs(atOffices(withPeers(objects, wish)), pairs),
    pairs,
    thirdParty: kinds.thirdParty,
    siteTimeoutMs: 1000 * siteTimeoutS,
    waitMaxMs: isTight ? 20_000 : 120_000,
  };
}

/** What makes calls go to the other site. */
function withPeers(objects: readonly ConfigObject[], { isPooled, forwards }: CentreWish): ConfigObject[] {
  const pooled = isPooled ? withPools(objects, SITES) : [...objects];
  if (forwards === undefined) return pooled;
  return withForwards(withPeerTrunks(pooled, SITES), SITES, forwards.following);
}

/** Configuration and Stat Servers run on machines of their own. */
function atOffices(objects: readonly ConfigObject[]): ConfigObject[] {
  const hosts = SITES.map(({ name, office }): ConfigObject => {
    return { objectType: 'Host', name: `${name}-office`, address: office, enabled: true, options: {} };
  });
  const moved = objects.map((object): ConfigObject => {
    if (object.objectType !== 'Application') return object;
    const site = /^(?:config|stat)-(.+)$/.exec(object.name)?.[1];
    return site === undefined ? object : { ...object, host: `${site}-office` };
  });
  return [...hosts, ...moved];
}

function campaignQueues(): ConfigObject[] {
  return SITES.map(({ name }) => ({
    objectType: 'DN',
    number: CAMPAIGN_QUEUE,
    switch: name,
    type: 'ACDQueue',
    displayName: 'Campaign',
    enabled: true,
    options: { holdfast: { treatment: 'music' } },
  }));
}

/** One agent, whose phone knows one address anyway, has an Agent Login at that site only (DS22). */
function withoutOneLogin(objects: readonly ConfigObject[]): ConfigObject[] {
  const code = String(FIRST_CODE + ONE_LOGIN_AGENT);
  const reference = `${code}@${SITES[1].name}`;
  return objects.flatMap((object): ConfigObject[] => {
    if (object.objectType === 'AgentLogin' && `${object.code}@${object.switch}` === reference) return [];
    if (object.objectType !== 'Person') return [object];
    return [{ ...object, agentLogins: object.agentLogins.filter((login) => login !== reference) }];
  });
}

/** A second trunk of each site, tried first and answered by nobody (SS32). */
function deadTrunks(): ConfigObject[] {
  return SITES.map(({ name }) => ({
    objectType: 'DN',
    number: `a-trunk-${name}`,
    switch: name,
    type: 'Trunk',
    displayName: 'Old gateway',
    enabled: true,
    options: { TServer: { contact: `sip:${DEAD_GATEWAY}:${SIP_PORT}` } },
  }));
}

/** An address literal for each desk and phone: nothing is left to look up. */
export function addressOf(net: number, index: number): string {
  return `10.${net}.${index >> 8}.${index & 255}`;
}

const DOMAIN = 'holdfast.example';
const DNS_TTL_S = 30;

export function serviceOf(home: string) {
  const siteNames = Object.fromEntries(SITES.map(({ name, address }) => [address, name]));
  return { uri: `sip:${home}.${DOMAIN}`, transport: 'UDP', siteNames } as const;
}

/** The zone: for each site a service name whose first target is that site, and the other the second. */
export function resolve(record: string, name: string): LookupAnswer {
  const home = /^_sip\._udp\.(\w+)\.holdfast\.example$/.exec(name)?.[1];
  if (record === 'SRV' && home !== undefined) {
    const records = SITES.map((site) => ({
      priority: site.name === home ? 10 : 20,
      weight: 1,
      port: SIP_PORT,
      target: `sip.${site.name}.${DOMAIN}`,
    }));
    return { type: 'SRV', records, ttlS: DNS_TTL_S };
  }
  const site = SITES.find((one) => name === `sip.${one.name}.${DOMAIN}`);
  if (record === 'A' && site !== undefined) return { type: 'A', addresses: [site.address], ttlS: DNS_TTL_S };
  return { type: 'none', ttlS: DNS_TTL_S };
}
