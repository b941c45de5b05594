/**
 * From configuration objects to what a SIP Server works by: the DNs, logins and persons of its own Switch, its
 * options resolved. The server's process does this each time a new revision comes.
 */
import {
  type Configuration,
  type DNConfiguration,
  type LoginRules,
  levelOf,
  type OptionLevel,
  optionValue,
  resolveOption,
  siteOf,
} from '@holdfast/centre';
import { type DN, OPTIONS } from '@holdfast/protocol';
import { type DigestAlgorithm, type TransportName, withoutBrackets } from '@holdfast/sip';
import type { Gateway, SipDN, SipServerConfiguration } from './configuration.ts';
import { readPeer } from './read-peer.ts';
import { readStayingPhones } from './read-staying-phones.ts';

export type ReadResult =
  | {
      readonly ok: true;
      readonly configuration: SipServerConfiguration;
      readonly sip: SipAddress;
      /** What Contacts carry in place of the address (PR10). */
      readonly sipName: string | undefined;
      /** Of its Host, where clients find it. */
      readonly hostAddress: string;
    }
  /** Names the object, what is wrong with it and the remedy. */
  | { readonly ok: false; readonly text: string };

/** Where SIP is spoken. */
export interface SipAddress {
  readonly host: string;
  /** Of UDP and TCP. */
  readonly port: number;
  /** Of the others; one that is not named is not offered (TR1). */
  readonly ports?: Readonly<Partial<Record<'TLS' | 'WS' | 'WSS', number>>>;
  /** Files of the certificate for TLS and WSS, and the name or address that it has to bear (TR2). */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly name: string };
}

/** The port that our Via and Contact name. */
export function sipPortOf({ port, ports = {} }: SipAddress, transport: TransportName): number {
  return transport === 'UDP' || transport === 'TCP' ? port : (ports[transport] ?? port);
}

const { TServer, holdfast } = OPTIONS;

export function readSipServerConfiguration(configuration: Configuration, name: string): ReadResult {
  const application = configuration.get('Application', name);
  if (application?.type !== 'SIPServer')
    return { ok: false, text: `Application/${name} is no SIP Server; check the name.` };
  const site = siteOf(application);
  if (site === undefined)
    return { ok: false, text: `Application/${name} has no disaster-recovery.site; set it.` };
  if (application.switch === undefined)
    return { ok: false, text: `Application/${name} names no Switch; set it.` };
  const host = configuration.get('Host', application.host ?? '');
  const tenant = configuration.get('Tenant', configuration.get('Switch', application.switch)?.tenant ?? '');
  if (host === undefined || tenant === undefined)
    return { ok: false, text: `The Host of Application/${name} or the Tenant of its Switch is missing.` };
  const [keys] = configuration.all('Keys');
  const [current, previous] = keys?.nonceKeys ?? [];
  if (current === undefined)
    return { ok: false, text: 'The configuration has no Keys object with nonceKeys; add one.' };
  const own = levelOf(`Application/${name}`, application);
  const switchName = application.switch;
  const sipName = resolveOption(holdfast['sip-name'], [own])?.value;
  const sip = readSipAddress(own, host.address, sipName);
  const peer = readPeer(configuration, application);
  const staying = readStayingPhones(configuration, application);
  const peerTrunk = resolveOption(TServer['dr-peer-trunk'], [own])?.value;
  const dns = configuration.all('DN').filter((dn) => dn.switch === switchName && dn.enabled);
  return {
    ok: true,
    sip,
    sipName,
    hostAddress: host.address,
    configuration: {
      revision: configuration.revision,
      site,
      application: name,
      switchName,
      realm: optionValue(holdfast.realm, [levelOf(`Tenant/${tenant.name}`, tenant)]),
      nonceKeys: previous === undefined ? { current } : { current, previous },
      digestAlgorithms: DIGEST_ALGORITHMS[optionValue(holdfast['digest-algorithms'], [own])],
      dns: dns.map((dn) => withStay(readDN(dn, own), staying)),
      centre: readCentre(configuration, switchName, own),
      persons: readPersons(configuration, switchName),
      registrar: {
        minExpiresS: optionValue(holdfast['registrar-min-timeout'], [own]),
        maxExpiresS: optionValue(holdfast['registrar-max-timeout'], [own]),
        defaultExpiresS: optionValue(TServer['registrar-default-timeout'], [own]),
        spread: optionValue(holdfast['registrar-timeout-spread'], [own]) / 100,
      },
      loginRate: optionValue(holdfast['login-rate'], [own]),
      stampEveryMs: optionValue(holdfast['stamp-period'], [own]),
      leaseLengthMs: optionValue(holdfast['lease-length'], [own]),
      shutdownRejectCode: optionValue(TServer['shutdown-sip-reject-code'], [own]),
      shutdownWave: {
        percent: optionValue(holdfast['graceful-shutdown-wave'], [own]),
        everyMs: optionValue(holdfast['graceful-shutdown-period'], [own]),
      },
      emergencyNumbers:
        resolveOption(holdfast['emergency-numbers'], [
          own,
          levelOf(`Tenant/${tenant.name}`, tenant),
        ])?.value.split(',') ?? [],
      ...(peer === undefined ? {} : { peer }),
      ...(peerTrunk === undefined ? {} : { peerTrunk }),
      ...readSessionTimer(own),
      ...readProbes(own),
      overloadBusyMax: optionValue(holdfast['overload-busy'], [own]),
      ringingMaxMs: 1000 * optionValue(holdfast['ringing-max'], [own]),
    },
  };
}

function readSipAddress(own: OptionLevel, hostAddress: string, sipName: string | undefined): SipAddress {
  const host = resolveOption(TServer['sip-address'], [own])?.value ?? hostAddress;
  const ports = {
    TLS: resolveOption(TServer['sip-port-tls'], [own])?.value,
    WS: resolveOption(holdfast['sip-port-ws'], [own])?.value,
    WSS: resolveOption(holdfast['sip-port-wss'], [own])?.value,
  };
  const offered = Object.entries(ports).filter(([, port]) => port !== undefined);
  const certificate = resolveOption(TServer['sip-tls-cert'], [own])?.value;
  const key = resolveOption(TServer['sip-tls-cert-key'], [own])?.value;
  return {
    host,
    port: optionValue(TServer['sip-port'], [own]),
    ...(offered.length > 0 && { ports: Object.fromEntries(offered) }),
    ...(certificate !== undefined &&
      key !== undefined && { tls: { certificate, key, name: sipName ?? host } }),
  };
}

function readSessionTimer(own: OptionLevel): Pick<SipServerConfiguration, 'sessionTimer'> {
  if (!optionValue(holdfast['session-timer'], [own])) return {};
  const minS = optionValue(holdfast['session-min-se'], [own]);
  // What we propose ourselves must be no shorter than what we take.
  const intervalS = Math.max(optionValue(holdfast['session-expires'], [own]), minS);
  return { sessionTimer: { intervalS, minS } };
}

const DIGEST_ALGORITHMS: Readonly<Record<DigestChoice, readonly DigestAlgorithm[]>> = {
  'sha-256-then-md5': ['SHA-256', 'MD5'],
  'sha-256': ['SHA-256'],
  md5: ['MD5'],
};
type DigestChoice = (typeof holdfast)['digest-algorithms']['kind']['values'][number];

function withStay(dn: SipDN, staying: ReadonlyMap<string, string>): SipDN {
  const phoneStays = staying.get(dn.number);
  return phoneStays === undefined || dn.type !== 'Extension' ? dn : { ...dn, phoneStays };
}

function readDN(dn: DN, server: OptionLevel): SipDN {
  const own = levelOf(`DN/${dn.number}@${dn.switch}`, dn);
  const base = { number: dn.number, type: dn.type, name: dn.displayName ?? dn.number };
  switch (dn.type) {
    case 'Extension': {
      const forward = optionValue(TServer['dr-forward'], [own, server]);
      const extension = { ...base, ...(forward !== 'off' && { forward }) };
      if (dn.digest === undefined) return extension;
      const digestAlgorithms = DIGEST_ALGORITHMS[optionValue(holdfast['digest-algorithms'], [own, server])];
      const { md5, sha256 } = dn.digest;
      const credentials = {
        ...(digestAlgorithms.includes('MD5') && { md5 }),
        ...(digestAlgorithms.includes('SHA-256') && { sha256 }),
      };
      return { ...extension, credentials, digestAlgorithms };
    }
    case 'ACDQueue':
      return { ...base, queue: readQueue(own, server) };
    case 'RoutingPoint': {
      const routeTo = resolveOption(holdfast['route-to'], [own])?.value;
      return routeTo === undefined ? base : { ...base, routeTo };
    }
    case 'Trunk': {
      const gateway = readContact(resolveOption(TServer.contact, [own])?.value);
      const recoveryMs = 1000 * optionValue(TServer['recovery-timeout'], [own]);
      if (gateway === undefined) return base;
      const isRedirected = optionValue(holdfast['redirect-to-peer'], [own]);
      return { ...base, gateway, recoveryMs, ...(isRedirected && { isRedirected }), ...readCheck(own) };
    }
    case 'CallProcessingPort': {
      const contact = readContact(resolveOption(TServer.contact, [own])?.value);
      return contact === undefined ? base : { ...base, contact };
    }
  }
}

function readCheck(own: OptionLevel): Pick<SipDN, 'check'> {
  const everyMs = 1000 * optionValue(TServer['oos-check'], [own]);
  const giveUpMs = 1000 * optionValue(TServer['oos-force'], [own]);
  if (everyMs === 0) return {};
  return { check: { everyMs, ...(giveUpMs === 0 ? {} : { giveUpMs }) } };
}

function readQueue(own: OptionLevel, server: OptionLevel): NonNullable<DNConfiguration['queue']> {
  const waitMaxS = resolveOption(holdfast['wait-max'], [own])?.value;
  const overflowDN = resolveOption(holdfast['overflow-dn'], [own])?.value;
  return {
    noAnswerMs: 1000 * optionValue(TServer['no-answer-timeout'], [own, server]),
    noAnswerNotReady: optionValue(TServer['no-answer-action'], [own, server]) === 'notready',
    waitingMax: optionValue(holdfast['waiting-max'], [own]),
    ...(waitMaxS === undefined ? {} : { waitMaxMs: 1000 * waitMaxS }),
    ...(overflowDN === undefined ? {} : { overflowDN }),
    treatment: optionValue(holdfast.treatment, [own]),
    priority: optionValue(holdfast.priority, [own]),
    ...(optionValue(holdfast.pooled, [own]) && { isPooled: true }),
  };
}

/** `sip:host[:port][;transport=udp|tcp]`, as the catalogue's pattern has let through. What is not said is not made up. */
function readContact(contact: string | undefined): Gateway | undefined {
  const parts = /^sip:(\[[^\]]+\]|[^:;]+)(?::(\d+))?(?:;transport=(udp|tcp))?$/i.exec(contact ?? '');
  if (parts?.[1] === undefined) return undefined;
  return {
    host: withoutBrackets(parts[1]).toLowerCase(),
    port: parts[2] === undefined ? undefined : Number(parts[2]),
    transport: parts[3] === undefined ? undefined : parts[3].toUpperCase() === 'TCP' ? 'TCP' : 'UDP',
  };
}

function readCentre(
  configuration: Configuration,
  switchName: string,
  own: OptionLevel,
): SipServerConfiguration['centre'] {
  const untimed = optionValue(TServer['untimed-wrap-up-value'], [own]);
  const wrapUp = (seconds: number): number | 'untimed' => (seconds === untimed ? 'untimed' : 1000 * seconds);
  const logins = configuration
    .all('AgentLogin')
    .filter((login) => login.switch === switchName && login.enabled);
  return {
    wrapUpMs: wrapUp(optionValue(TServer['wrap-up-time'], [own])),
    lostPlaceWindowMs: 1000 * optionValue(holdfast['lost-place-window'], [own]),
    agentLogins: logins.map((login) => {
      const level = levelOf(`AgentLogin/${login.code}@${login.switch}`, login);
      const set = resolveOption(TServer['wrap-up-time'], [level]);
      return {
        code: login.code,
        wrapUpMs: set?.source === level.source ? wrapUp(set.value) : undefined,
        ...readLoginRules([level, own]),
      };
    }),
  };
}

function readProbes(own: OptionLevel): Pick<SipServerConfiguration, 'probes'> {
  const everyMs = 1000 * optionValue(holdfast['probe-period'], [own]);
  if (everyMs === 0) return {};
  const inARow = optionValue(holdfast['probe-failures'], [own]);
  return { probes: { everyMs, inARow, silenceMs: 1000 * optionValue(holdfast['probe-silence'], [own]) } };
}

/** The Agent Login goes before the server. */
function readLoginRules(levels: readonly OptionLevel[]): LoginRules {
  return {
    isIdleWorkTimed: optionValue(TServer['timed-acw-in-idle'], levels),
    isReadyAfterIdleWork: optionValue(TServer['acw-in-idle-force-ready'], levels),
    autoLogoutMs: 60_000 * optionValue(TServer['auto-logout-timeout'], levels),
    isAutoLogoutForAll: optionValue(TServer['auto-logout-ready'], levels),
  };
}

function readPersons(configuration: Configuration, switchName: string): SipServerConfiguration['persons'] {
  return configuration
    .all('Person')
    .filter((person) => person.enabled)
    .map((person) => ({
      name: person.name,
      rank: person.rank,
      ...(person.tokensNotBefore !== undefined && { tokensNotBefore: person.tokensNotBefore }),
      agentLogins: person.agentLogins
        .filter((login) => login.endsWith(`@${switchName}`))
        .map((login) => login.slice(0, -switchName.length - 1)),
    }));
}
