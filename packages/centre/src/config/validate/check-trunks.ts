/** V54, V56, V58, V60: what a site's calls, and those of the other one, arrive and leave by; and whether it carries all. */
import { type Application, type DN, OPTIONS, objectKey } from '@holdfast/protocol';
import { sipAddressOf } from '../check-servers.ts';
import { resolveOption, siteOf } from '../option-resolution.ts';
import { type Find, optionSet } from './finding.ts';
import { levelOfObject, named, type World } from './world.ts';

const SIP_PORT_DEFAULT = '5060';

export function checkTrunks(world: World, find: Find): void {
  const dns = world.configuration.all('DN');
  const trunks = dns.filter((dn) => dn.enabled && dn.type === 'Trunk');
  for (const trunk of trunks) checkLoop(world, trunk, find);
  for (const server of world.sipServers) {
    checkGateways(world, server, trunks, find);
    checkForwarding(world, server, trunks, find);
    checkCapacity(world, server, find);
  }
}

/** `sip:host:port;…` → `host:port`. */
function targetOf(trunk: DN): string | undefined {
  const contact = resolveOption(OPTIONS.TServer.contact, [levelOfObject(trunk)])?.value;
  const [, host, port = SIP_PORT_DEFAULT] = /^sip:(\[[^\]]+\]|[^:;]+)(?::(\d+))?/i.exec(contact ?? '') ?? [];
  return host === undefined ? undefined : `${host.replace(/^\[|\]$/g, '').toLowerCase()}:${port}`;
}

/** All servers of a Switch, the standby too. */
function membersAt(world: World, switchName: string): Application[] {
  return world.configuration
    .all('Application')
    .filter((one) => one.type === 'SIPServer' && one.switch === switchName);
}

/** V56, D14: a call to the other site would come back in, again and again. */
function checkLoop(world: World, trunk: DN, find: Find): void {
  const target = targetOf(trunk);
  if (target === undefined) return;
  const self = membersAt(world, trunk.switch).find((server) => {
    const name = resolveOption(OPTIONS.holdfast['sip-name'], [levelOfObject(server)])?.value.toLowerCase();
    const address = sipAddressOf(world.configuration, server).toLowerCase();
    return address === target || name === target.slice(0, target.lastIndexOf(':'));
  });
  if (self === undefined) return;
  const number = peerTrunkOf(self);
  const peer = number === trunk.number ? world.serverOf(world.twinOf(trunk.switch) ?? '') : undefined;
  const address = peer === undefined ? undefined : sipAddressOf(world.configuration, peer);
  // An IPv6 address is written otherwise in a URI.
  const contact = address === undefined || /:.*:/.test(address) ? undefined : `sip:${address}`;
  find('V56', {
    object: trunk,
    field: 'TServer/contact',
    value: trunk.options.TServer?.contact ?? '',
    reason: `That is where "${self.name}" itself speaks SIP, the server of this Switch: a call sent over the trunk comes back to it and goes round.`,
    remedy:
      contact === undefined
        ? 'Set the address of the gateway.'
        : `Set ${contact}, the SIP Server of the other site.`,
    ...(contact !== undefined && { fix: [optionSet(trunk, 'TServer', 'contact', contact)] }),
  });
}

function peerTrunkOf(server: Application): string | undefined {
  return resolveOption(OPTIONS.TServer['dr-peer-trunk'], [levelOfObject(server)])?.value;
}

/** V58: a site without a gateway gets no callers and lets none out, when the other one is lost. */
function checkGateways(world: World, server: Application, trunks: readonly DN[], find: Find): void {
  const twin = world.serverOf(world.twinOf(server.switch ?? '') ?? '');
  if (twin === undefined) return;
  const gatewaysOf = (one: Application) =>
    trunks.filter((trunk) => trunk.switch === one.switch && trunk.number !== peerTrunkOf(one));
  const there = gatewaysOf(twin);
  if (gatewaysOf(server).length > 0 || there.length === 0) return;
  find('V58', {
    object: world.configuration.get('Switch', server.switch ?? '') ?? server,
    field: '',
    value: server.switch ?? '',
    reason: `It has no enabled Trunk to a gateway, and Switch "${twin.switch}" of the other site has ${named(there.map(({ number }) => number))}: its gateways know one site only, and when site "${siteOf(twin) ?? ''}" is lost no call comes in or goes out.`,
    remedy: 'Give each site a gateway, and each gateway both sites.',
  });
}

/** V60: dr-forward sends calls over dr-peer-trunk. */
function checkForwarding(world: World, server: Application, trunks: readonly DN[], find: Find): void {
  if (peerTrunkOf(server) !== undefined) return;
  const option = OPTIONS.TServer['dr-forward'];
  const forwards = (object: DN | Application) => {
    const set = resolveOption(option, [levelOfObject(object)])?.value;
    return set !== undefined && set !== 'off';
  };
  const dns = world.configuration
    .all('DN')
    .filter((dn) => dn.switch === server.switch && dn.type === 'Extension' && forwards(dn));
  if (dns.length === 0 && !forwards(server)) return;
  const who = dns.length === 0 ? objectKey(server) : named(dns.map(objectKey));
  const twin = world.serverOf(world.twinOf(server.switch ?? '') ?? '');
  const address = twin === undefined ? undefined : sipAddressOf(world.configuration, twin).toLowerCase();
  const trunk = trunks.find((one) => one.switch === server.switch && targetOf(one) === address);
  find('V60', {
    object: server,
    field: 'TServer/dr-peer-trunk',
    reason: `dr-forward is set for ${who}, and there is no dr-peer-trunk over which a call could go to the other site.`,
    remedy:
      trunk === undefined
        ? 'Make a Trunk to the SIP Server of the other site and name it.'
        : `Name "${trunk.number}".`,
    ...(trunk !== undefined && {
      fix: membersAt(world, server.switch ?? '').map((member) =>
        optionSet(member, 'TServer', 'dr-peer-trunk', trunk.number),
      ),
    }),
  });
}

/** V54: when one site is lost the other has the agents of both. */
function checkCapacity(world: World, server: Application, find: Find): void {
  const most = resolveOption(OPTIONS.holdfast['agents-max'], [levelOfObject(server)]);
  if (most === undefined) return;
  const agents = world.agentsAt(server.switch ?? '');
  if (agents <= most.value) return;
  find('V54', {
    object: server,
    field: 'holdfast/agents-max',
    value: most.raw,
    reason: `It is said to carry ${most.value} agents, and ${agents} have an Agent Login at its Switch and may all come when the other site is lost.`,
    remedy: 'Spread the agents over more SIP Servers, or measure and raise it.',
  });
}
