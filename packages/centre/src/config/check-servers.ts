/**
 * What the servers need in order to run, and values that would contradict one another (rules CF8 to CF11, CF19, CF22 and CF23). A
 * mistake here would otherwise show only when a site has died.
 */
import { type Application, type DN, OPTIONS, objectKey } from '@holdfast/protocol';
import { LISTENING_TYPES, type Report } from './check-references.ts';
import type { Configuration } from './configuration.ts';
import { levelOf, optionValue, resolveOption, siteOf } from './option-resolution.ts';

export function checkServers(configuration: Configuration, report: Report): void {
  const usedPorts = new Map<string, UsedPort>();
  const pairOfSwitch = new Map<string, string>();
  for (const application of configuration.all('Application')) {
    if (application.type === 'Supervisor' && siteOf(application) === undefined)
      reportNoSite(application, report);
    if (!LISTENING_TYPES.includes(application.type)) continue;
    if (siteOf(application) === undefined) reportNoSite(application, report);
    if (application.host === undefined) report(application, 'host', '', 'A server needs a Host. Name one.');
    if (application.ports.default === undefined)
      report(application, 'ports', '', 'A server needs a port "default" for its clients.');
    checkPorts(configuration, application, usedPorts, report);
    checkPair(configuration, application, report);
    if (application.type === 'SIPServer') checkSipServer(configuration, application, pairOfSwitch, report);
    if (application.type === 'StatServer') checkStatServer(configuration, application, report);
  }
  checkKeys(configuration, report);
}

function reportNoSite(application: Application, report: Report): void {
  const field = 'interaction-workspace/disaster-recovery.site';
  report(
    application,
    field,
    '',
    'A server needs the name of its site: without it no desk finds it. Set the option.',
    'V1',
  );
}

/**
 * CF19: the members of a pair are at one site, and SIP Servers of one group (S1). Else a desk that tries the backup
 * would be at another site than it believes.
 */
function checkPair(configuration: Configuration, primary: Application, report: Report): void {
  const backup = primary.backup === undefined ? undefined : configuration.get('Application', primary.backup);
  if (backup === undefined || backup.type !== primary.type) return;
  const DR = OPTIONS['interaction-workspace'];
  const names = ['disaster-recovery.site', 'disaster-recovery.name'] as const;
  for (const name of primary.type === 'SIPServer' ? names : names.slice(0, 1)) {
    const values = [primary, backup].map(
      (member) => resolveOption(DR[name], [levelOf(objectKey(member), member)])?.value,
    );
    const [first = 'unset', second = 'unset'] = values;
    if (first === second) continue;
    const text = `${name} is "${second}" here and "${first}" in Application "${primary.name}", whose backup this is: a pair is at one site and of one group. Set the same in both, or name another backup there.`;
    report(backup, `interaction-workspace/${name}`, second, text, 'V13');
  }
  if (primary.type === 'SIPServer') checkSipPair(configuration, primary, backup, report);
}

/** CF23: whichever member is primary is found at one place, and the two find each other and one arbiter. */
function checkSipPair(
  configuration: Configuration,
  primary: Application,
  backup: Application,
  report: Report,
): void {
  const whose = `Application "${primary.name}", of which this is the backup`;
  const [at, other] = [primary, backup].map((member) => sipAddressOf(configuration, member));
  const [offered, otherOffered] = [primary, backup].map(otherSipPorts);
  const [name, otherName] = [primary, backup].map(sipNameOf);
  if (name !== otherName) {
    const text = `Contacts carry "${otherName ?? 'its address'}" here and "${name ?? 'its address'}" in ${whose}. Set sip-name to the same in both, or in none.`;
    report(backup, 'holdfast/sip-name', otherName ?? '', text, 'V14');
  } else if (name !== undefined && at === other) {
    const text = `SIP is spoken at ${at} in both members of the pair, and sip-name is for members with addresses of their own. Set another sip-address or sip-port, or remove sip-name from both.`;
    report(backup, 'holdfast/sip-name', name, text, 'V14');
  } else if (name === undefined && at !== other) {
    const text = `SIP is spoken at ${other} here and at ${at} in ${whose}: the address moves with the role. Set sip-address and sip-port to the same in both, or in both the sip-name whose DNS SRV records name both.`;
    report(backup, 'TServer/sip-port', other ?? '', text, 'V14');
  }
  for (const field of Object.keys(OTHER_SIP_PORTS) as OtherSipPort[]) {
    const [port, otherPort] = [offered?.[field], otherOffered?.[field]];
    const isOffered = (port === undefined) === (otherPort === undefined);
    if (port === otherPort || (isOffered && name !== undefined)) continue;
    const text = `It is ${otherPort ?? 'unset'} here and ${port ?? 'unset'} in ${whose}: phones could not go on after a takeover. Set it in both${name === undefined ? ' to the same' : ''}, or in none.`;
    report(backup, field, String(otherPort ?? ''), text, 'V14');
  }
  if (primary.switch !== backup.switch) {
    const text = `It controls Switch "${backup.switch ?? 'none'}", and ${whose}, "${primary.switch ?? 'none'}". Name the same in both.`;
    report(backup, 'switch', backup.switch ?? '', text, 'V14');
  }
  if (primary.ports.pair === undefined) {
    const text = `A SIP Server with a backup needs a port "pair": there "${backup.name}" connects to it. Set one.`;
    report(primary, 'ports', '', text, 'V14');
  }
  const [endpoints, others] = [primary, backup].map(arbiterEndpointsOf);
  const isOneHost = primary.host === backup.host;
  if (endpoints === others && (isOneHost || endpoints !== undefined)) return;
  const where = isOneHost ? 'differ' : 'are needed for a pair on two Hosts';
  const text = `The endpoints of the arbiter ${where}: "${others ?? 'unset'}" here and "${endpoints ?? 'unset'}" in ${whose}. Set the same in both.`;
  report(backup, 'holdfast/arbiter-endpoints', others ?? '', text, 'V14');
}

function sipNameOf(server: Application): string | undefined {
  return resolveOption(OPTIONS.holdfast['sip-name'], [levelOf(objectKey(server), server)])?.value;
}

function arbiterEndpointsOf(server: Application): string | undefined {
  return resolveOption(OPTIONS.holdfast['arbiter-endpoints'], [levelOf(objectKey(server), server)])?.value;
}

/** `host:port` of UDP and TCP. */
export function sipAddressOf(configuration: Configuration, server: Application): string {
  const levels = [levelOf(objectKey(server), server)];
  const host = configuration.get('Host', server.host ?? '')?.address;
  const address = resolveOption(OPTIONS.TServer['sip-address'], levels)?.value ?? host ?? 'no Host';
  return `${address}:${optionValue(OPTIONS.TServer['sip-port'], levels)}`;
}

/** Ports for SIP beside the one of UDP and TCP. */
const OTHER_SIP_PORTS = {
  'TServer/sip-port-tls': OPTIONS.TServer['sip-port-tls'],
  'holdfast/sip-port-ws': OPTIONS.holdfast['sip-port-ws'],
  'holdfast/sip-port-wss': OPTIONS.holdfast['sip-port-wss'],
} as const;
type OtherSipPort = keyof typeof OTHER_SIP_PORTS;

function otherSipPorts(server: Application): Partial<Record<OtherSipPort, number>> {
  const levels = [levelOf(objectKey(server), server)];
  const entries = Object.entries(OTHER_SIP_PORTS).flatMap(([field, option]) => {
    const port = resolveOption(option, levels)?.value;
    return port === undefined ? [] : [[field, port] as const];
  });
  return Object.fromEntries(entries);
}

/** CF26: TLS without a certificate would be offered to nobody. */
function checkCertificate(server: Application, report: Report): void {
  const levels = [levelOf(objectKey(server), server)];
  const offered = otherSipPorts(server);
  for (const field of ['TServer/sip-port-tls', 'holdfast/sip-port-wss'] as const) {
    const port = offered[field];
    const missing = (['sip-tls-cert', 'sip-tls-cert-key'] as const).filter(
      (option) => resolveOption(OPTIONS.TServer[option], levels) === undefined,
    );
    if (port === undefined || missing.length === 0) continue;
    const text = `TLS needs a certificate and its key, and TServer/${missing.join(' and TServer/')} ${missing.length > 1 ? 'are' : 'is'} not set. Set the path of a file in PEM, or remove ${field}.`;
    report(server, field, String(port), text, 'V64');
  }
}

interface UsedPort {
  readonly application: Application;
  readonly field: string;
}

const SIP_PORT = 'TServer/sip-port';

/** Two servers on one address and port: the second would not start. Of a pair one at a time speaks SIP (CF23). */
function checkPorts(
  configuration: Configuration,
  application: Application,
  used: Map<string, UsedPort>,
  report: Report,
): void {
  const address =
    application.host === undefined ? undefined : configuration.get('Host', application.host)?.address;
  if (address === undefined) return;
  const ports = Object.entries(application.ports).map(([id, port]): [string, number] => [
    `ports.${id}`,
    port,
  ]);
  const sipPort = optionValue(OPTIONS.TServer['sip-port'], [levelOf(objectKey(application), application)]);
  if (application.type === 'SIPServer')
    ports.push([SIP_PORT, sipPort], ...Object.entries(otherSipPorts(application)));
  for (const [field, port] of ports) {
    const place = `${address}:${port}`;
    const former = used.get(place);
    const isShared =
      former?.field === field && !field.startsWith('ports.') && areMates(former.application, application);
    if (former !== undefined && !isShared)
      report(
        application,
        field,
        String(port),
        `Port ${port} of ${address} is already used by ${former.application.name} (${former.field}). Choose another.`,
      );
    used.set(place, { application, field });
  }
}

function areMates(one: Application, other: Application): boolean {
  return one.backup === other.name || other.backup === one.name;
}

function checkSipServer(
  configuration: Configuration,
  application: Application,
  pairOfSwitch: Map<string, string>,
  report: Report,
): void {
  if (application.switch === undefined) {
    report(application, 'switch', '', 'A SIP Server needs the Switch that it controls. Name one.');
  } else {
    const former = pairOfSwitch.get(application.switch);
    const mate = former === undefined ? undefined : configuration.get('Application', former);
    if (mate !== undefined && !areMates(mate, application))
      report(
        application,
        'switch',
        application.switch,
        `Switch "${application.switch}" is already controlled by "${former}". Only its backup may share it.`,
        'V11',
      );
    pairOfSwitch.set(application.switch, application.name);
  }
  checkCertificate(application, report);
  const levels = [levelOf(objectKey(application), application)];
  const stampMs = optionValue(OPTIONS.holdfast['stamp-period'], levels);
  const leaseMs = optionValue(OPTIONS.holdfast['lease-length'], levels);
  // LL5: with a shorter lease one late stamp would take the agent out of service.
  if (leaseMs < 2 * stampMs)
    report(
      application,
      'holdfast/lease-length',
      String(leaseMs),
      `The lease must last at least two stamp periods (${2 * stampMs} ms).`,
      'V50',
    );
  const least = optionValue(OPTIONS.holdfast['registrar-min-timeout'], levels);
  const usual = optionValue(OPTIONS.TServer['registrar-default-timeout'], levels);
  const most = optionValue(OPTIONS.holdfast['registrar-max-timeout'], levels);
  if (least > most)
    report(
      application,
      'holdfast/registrar-min-timeout',
      String(least),
      `It is above registrar-max-timeout (${most} s): no phone could register.`,
      'V50',
    );
  else if (usual < least || usual > most)
    report(
      application,
      'TServer/registrar-default-timeout',
      String(usual),
      `It must lie between registrar-min-timeout (${least} s) and registrar-max-timeout (${most} s).`,
      'V50',
    );
}

/** It follows one log: that of its site's SIP Server, whose backup is found through it. */
function checkStatServer(configuration: Configuration, application: Application, report: Report): void {
  const sources = application.connections.filter(({ server }) => {
    const other = configuration.get('Application', server);
    return other?.type === 'SIPServer' && siteOf(other) === siteOf(application);
  });
  if (sources.length === 1) return;
  const names = sources.map(({ server }) => server).join(', ');
  const text = 'A Stat Server needs a connection to one SIP Server of its own site, the primary. Name one.';
  report(application, 'connections', names, text, 'V75');
}

/** CF22: callers would be sent nowhere, and only at a graceful shutdown (SS42). */
export function checkPeerTrunks(configuration: Configuration, report: Report): void {
  for (const server of configuration.all('Application')) {
    if (server.type !== 'SIPServer' || server.switch === undefined) continue;
    const option = OPTIONS.TServer['dr-peer-trunk'];
    const number = resolveOption(option, [levelOf(objectKey(server), server)])?.value;
    if (number === undefined) continue;
    const dn = configuration.get('DN', `${number}@${server.switch}`);
    if (dn?.type === 'Trunk' && dn.enabled) continue;
    const what = dn === undefined ? 'no DN' : dn.enabled ? `a DN of type ${dn.type}` : 'a disabled DN';
    const text = `"${number}" is ${what} in Switch "${server.switch}", so that a graceful shutdown can send callers nowhere. Name an enabled DN of type Trunk.`;
    report(server, 'TServer/dr-peer-trunk', number, text);
  }
}

function checkKeys(configuration: Configuration, report: Report): void {
  const [keys, ...more] = configuration.all('Keys');
  for (const other of more)
    report(other, '', '', `There is already Keys "${keys?.name}". Both sites share one: remove this.`, 'V63');
  const needing = configuration.all('Application').find(({ type }) => LISTENING_TYPES.includes(type));
  if (keys === undefined) {
    if (needing !== undefined)
      report(
        needing,
        '',
        '',
        'There is no Keys object, so nobody can log in. Make one with scripts/make-sample.ts.',
        'V63',
      );
  } else if (keys.tokenKeys[0]?.privateKey === undefined) {
    report(
      keys,
      'tokenKeys.0.privateKey',
      '',
      'The first token key signs: it needs its private part.',
      'V63',
    );
  } else if (keys.nonceKeys.length === 0) {
    report(
      keys,
      'nonceKeys',
      '',
      'Without a key no phone could register. Set 32 hexadecimal digits or more.',
      'V63',
    );
  } else if (keys.serverSecret === undefined) {
    report(
      keys,
      'serverSecret',
      '',
      'Without it no server could read the configuration. Set 16 characters or more.',
      'V63',
    );
  }
}

/** Rules CF10 and CF11. */
export function checkDNs(configuration: Configuration, report: Report): void {
  for (const dn of configuration.all('DN')) {
    const realm = realmOf(configuration, dn);
    if (dn.digest !== undefined && realm !== undefined && dn.digest.realm !== realm)
      report(
        dn,
        'digest.realm',
        dn.digest.realm,
        `The realm of all SIP Servers is "${realm}": its phone could not register. Make the digest anew.`,
        'V62',
      );
    if (dn.digest !== undefined && dn.type !== 'Extension')
      report(dn, 'digest', '', `A DN of type ${dn.type} does not register. Remove the digest.`, 'V62');
    if (dn.type === 'RoutingPoint' && dn.options.holdfast?.['route-to'] === undefined)
      report(dn, 'holdfast/route-to', '', 'A RoutingPoint needs the DN to which it sends calls.', 'V61');
    if (dn.type === 'Trunk' && dn.options.TServer?.contact === undefined)
      report(dn, 'TServer/contact', '', 'A Trunk needs the address of its gateway (sip:host:port).', 'V61');
    if (returnsToItself(configuration, dn))
      report(
        dn,
        'holdfast/overflow-dn',
        dn.number,
        'Following overflow-dn and route-to a caller comes back here. Break the circle.',
        'V61',
      );
  }
}

function realmOf(configuration: Configuration, dn: DN): string | undefined {
  const tenantName = configuration.get('Switch', dn.switch)?.tenant;
  const tenant = tenantName === undefined ? undefined : configuration.get('Tenant', tenantName);
  return tenant === undefined
    ? undefined
    : optionValue(OPTIONS.holdfast.realm, [levelOf(objectKey(tenant), tenant)]);
}

function returnsToItself(configuration: Configuration, start: DN): boolean {
  const seen = new Set<string>();
  let at: DN | undefined = start;
  while (at !== undefined && !seen.has(at.number)) {
    seen.add(at.number);
    const next: string | undefined =
      at.options.holdfast?.['overflow-dn'] ?? at.options.holdfast?.['route-to'];
    if (next === start.number) return true;
    at = next === undefined ? undefined : configuration.get('DN', `${next}@${start.switch}`);
  }
  return false;
}
