/**
 * V46 to V53 and V55: the times that add up to the wait of an agent whose site is lost, held against the promise. A lost
 * server is noticed after up to twice the ADDP time-out (LH3), and then the desk waits for its site or for its phone (DS8).
 */
import { type Application, type ConfigObject, OPTIONS, objectKey } from '@holdfast/protocol';
import { splitReference } from '../configuration.ts';
import { doesLeaseRule, registrationScheme } from '../desk-configuration.ts';
import { type OptionLevel, type ResolvedOption, resolveOption, siteOf } from '../option-resolution.ts';
import { levelsOf } from './check-names.ts';
import { type Find, optionSet, replaced, withOption } from './finding.ts';
import { levelOfObject, type World } from './world.ts';

const DR = OPTIONS['interaction-workspace'];
const SECTION = 'interaction-workspace';
const TIMEOUT = 'disaster-recovery.timeout';
const PHONE_TIMEOUT = 'disaster-recovery.wait-for-sipphone-timeout';
/** S0: of an endpoint that is part of the desktop, seconds. */
const REGISTRATION_ADVISED_S = { min: 30, max: 60 } as const;

export function checkTimes(world: World, find: Find): void {
  for (const desktop of world.desktops) {
    checkLoss(world, desktop, desktop, find);
    checkPauses(world, desktop, find);
    checkLeases(world, desktop, desktop, find);
  }
  const slowest = slowestDesktop(world);
  for (const object of settersOf(world)) {
    const set = Object.keys(object.options[SECTION] ?? {});
    if (slowest !== undefined && object.objectType !== 'Application' && set.includes(TIMEOUT)) {
      checkLoss(world, object, slowest, find);
      checkLeases(world, object, slowest, find);
    }
    if (set.some((name) => name.startsWith('sipendpoint.'))) checkRegistration(world, object, slowest, find);
  }
  for (const server of world.sipServers) {
    checkExpiry(world, server, find);
    checkPace(world, server, find);
  }
}

/** Who may set the options of a desk, and does. */
function settersOf({ looked }: World): ConfigObject[] {
  const desktops = looked.all('Application').filter(({ type }) => type === 'Workspace');
  const all = [...desktops, ...looked.all('Tenant'), ...looked.all('AgentGroup'), ...looked.all('Person')];
  return all.filter(({ options }) => options[SECTION] !== undefined);
}

/** Seconds: the longest ADDP time-out to a SIP Server. */
function addpOf(world: World, desktop: Application): number {
  const timeouts = desktop.connections
    .filter(({ server }) => world.application(server)?.type === 'SIPServer')
    .map(({ addp }) => addp.timeout);
  return Math.max(0, ...timeouts);
}

function slowestDesktop(world: World): Application | undefined {
  const desktops = world.primaries('Workspace');
  return desktops.sort((a, b) => addpOf(world, b) - addpOf(world, a))[0];
}

/** Undefined: never, or no option of this desktop. */
function siteTimeoutOf(
  desktop: Application,
  levels: readonly OptionLevel[] = [levelOfObject(desktop)],
): ResolvedOption<number> | undefined {
  const isWorkspace = desktop.type === 'Workspace';
  const option = isWorkspace ? DR[TIMEOUT] : OPTIONS['agent-desktop']['site-timeout'];
  const resolved = resolveOption(option, levels);
  return resolved === undefined || resolved.value === 0 ? undefined : resolved;
}

/** V46. `object` is who sets the time-out: the desktop, or somebody for their own people. */
function checkLoss(
  world: World,
  object: ConfigObject & { readonly tenant?: string | undefined },
  desktop: Application,
  find: Find,
): void {
  const addpS = addpOf(world, desktop);
  const timeout = siteTimeoutOf(desktop, [levelOfObject(object), levelOfObject(desktop)]);
  if (addpS === 0 || timeout === undefined) return;
  const promised = world.promisedTime(tenantOf(object));
  const totalS = 2 * addpS + timeout.value;
  if (totalS <= promised.seconds) return;
  const [section, name] =
    desktop.type === 'Workspace'
      ? ([SECTION, TIMEOUT] as const)
      : (['agent-desktop', 'site-timeout'] as const);
  const leftS = Math.floor(promised.seconds - 2 * addpS);
  find('V46', {
    object,
    field: `${section}/${name}`,
    value: timeout.raw,
    reason: `A lost site is noticed after up to twice the ADDP time-out of ${addpS} s (Application "${desktop.name}"), and ${name} is ${timeout.value} s (${timeout.source}): together ${totalS} s, where ${promised.source} ${promised.seconds} s.`,
    remedy: leftS < 1 ? 'Shorten the ADDP time-outs, then this.' : `Set at most ${leftS} s.`,
    ...(leftS >= 1 && {
      fix: alikeWith(world, object, name).map((one) => optionSet(one, section, name, String(leftS))),
    }),
  });
}

/** Third-party desktops are alike (V30): those that say the same go along. */
function alikeWith(world: World, object: ConfigObject, name: string): ConfigObject[] {
  if (name === TIMEOUT) return [object];
  const set = object.options['agent-desktop']?.[name];
  return world.desktops.filter(
    ({ type, options }) => type === 'ThirdPartyApplication' && options['agent-desktop']?.[name] === set,
  );
}

function tenantOf(object: ConfigObject & { readonly tenant?: string | undefined }): string | undefined {
  return object.objectType === 'Tenant' ? object.name : object.tenant;
}

/** V47, V48: an embedded endpoint notices that a site is lost, or is back, when it registers again. */
function checkRegistration(
  world: World,
  object: ConfigObject & { readonly tenant?: string | undefined },
  desktop: Application | undefined,
  find: Find,
): void {
  const levels = levelsFrom(world, object, desktop);
  const { min, max } = REGISTRATION_ADVISED_S;
  for (const name of [
    'sipendpoint.proxies.proxy0.reg_timeout',
    'sipendpoint.proxies.proxy1.reg_timeout',
  ] as const) {
    const period = resolveOption(DR[name], levels);
    if (period === undefined) continue;
    const at = { object, field: `${SECTION}/${name}`, value: period.raw };
    if (period.value < min || period.value > max) {
      find('V48', {
        ...at,
        reason: `An embedded endpoint registers every ${period.value} s (${period.source}), and ${period.value > max ? 'notices only then that a site is lost, or is back' : 'loads the SIP Servers for nothing'}.`,
        remedy: `Set ${min} to ${max} (S0).`,
        fix: [optionSet(object, SECTION, name, String(period.value > max ? max : min))],
      });
      continue;
    }
    const wait = resolveOption(DR[PHONE_TIMEOUT], levels);
    const promised = world.promisedTime(tenantOf(object));
    const totalS = period.value + (wait?.value ?? 0);
    if (wait === undefined || totalS <= promised.seconds) continue;
    find('V47', {
      ...at,
      reason: `The endpoint registers every ${period.value} s, and the desk waits ${wait.value} s for it (${PHONE_TIMEOUT}, ${wait.source}): together ${totalS} s, where ${promised.source} ${promised.seconds} s.`,
      remedy: `Shorten ${PHONE_TIMEOUT}, or the registration period down to ${min} s.`,
      ...(promised.seconds - period.value >= 1 && {
        fix: [optionSet(object, SECTION, PHONE_TIMEOUT, String(Math.floor(promised.seconds - period.value)))],
      }),
    });
  }
}

/** What holds for whoever gets an option from this object: one of the two proxies may be set above it. */
function levelsFrom(
  world: World,
  object: ConfigObject & { readonly tenant?: string | undefined },
  desktop: Application | undefined,
): OptionLevel[] {
  const desktops = desktop === undefined ? [] : [desktop];
  if (object.objectType === 'Person') return levelsOf(world, object, desktops);
  const tenant =
    object.objectType === 'Tenant' ? undefined : world.configuration.get('Tenant', object.tenant ?? '');
  const above = tenant === undefined ? desktops : [tenant, ...desktops];
  return [object, ...above.filter((one) => one !== object)].map(levelOfObject);
}

/** V52: a pause that outlasts the time-out leaves a server that has come back untried. */
function checkPauses(world: World, desktop: Application, find: Find): void {
  const timeout = siteTimeoutOf(desktop);
  if (timeout === undefined) return;
  const own = desktop.type === 'Workspace' ? [levelOfObject(desktop)] : [];
  for (const { server: name } of desktop.connections) {
    const server = world.application(name);
    if (server?.type !== 'SIPServer') continue;
    const isPair = server.backup !== undefined;
    const resolved = resolveOption(
      DR['warm-standby.retry-delay'],
      isPair ? own : [levelOfObject(server), ...own],
    );
    const isOfPair = isPair && server.reconnectTimeout !== undefined;
    const pauseS = isOfPair ? server.reconnectTimeout : resolved?.value;
    if (pauseS === undefined || pauseS < timeout.value) continue;
    const source = isOfPair ? objectKey(server) : (resolved?.source ?? 'default');
    const isDefault = source === 'default';
    find('V52', {
      object: isDefault ? desktop : source,
      field: isOfPair ? 'reconnectTimeout' : `${SECTION}/warm-standby.retry-delay`,
      value: String(pauseS),
      reason: `Between two rounds desks of Application "${desktop.name}" pause ${pauseS} s, and leave the site of "${name}" after ${timeout.value} s (${timeout.source}): a server that is back in between is not tried again.`,
      remedy: 'Set a pause well below that.',
    });
  }
}

/** V49: LL4 keeps the promise all the same, and the lease then rules the wait in place of the option (CF13). */
function checkLeases(world: World, object: ConfigObject, desktop: Application, find: Find): void {
  const timeout = siteTimeoutOf(desktop, [levelOfObject(object), levelOfObject(desktop)]);
  if (timeout === undefined) return;
  for (const { server: name } of desktop.connections) {
    const server = world.application(name);
    if (server?.type !== 'SIPServer') continue;
    const lease = resolveOption(OPTIONS.holdfast['lease-length'], [levelOfObject(server)]);
    if (lease === undefined || !doesLeaseRule(lease.value, 1000 * timeout.value)) continue;
    const at =
      object === desktop
        ? { object: server, field: 'holdfast/lease-length', value: lease.raw }
        : { object, field: `${SECTION}/${TIMEOUT}`, value: timeout.raw };
    find('V49', {
      ...at,
      reason: `A login lease of Application "${server.name}" lasts ${lease.value} ms and its margin more, which is not below the site time-out of ${timeout.value} s (${timeout.source}, Application "${desktop.name}"): the lease and not the time-out rules the wait (LL5).`,
      remedy: 'Shorten the lease, or lengthen the time-out.',
    });
  }
}

/** V51, C19: a phone that is registered at one site at a time notices that it is lost when it registers again. */
function checkExpiry(world: World, server: Application, find: Find): void {
  const promised = world.promisedTime(server.tenant);
  const levels = [levelOfObject(server)];
  const most = resolveOption(OPTIONS.holdfast['registrar-max-timeout'], levels);
  if (!promised.isPromised || most === undefined || most.value <= promised.seconds) return;
  const waits = world.configuration.all('Place').find((place) => {
    const scheme = registrationScheme(place);
    const isAtOne = scheme === 'single' || scheme === 'active-backup';
    return isAtOne && place.dns.some((dn) => splitReference(dn).switch === server.switch);
  });
  if (waits === undefined) return;
  const backup = world.application(server.backup);
  const mostS = Math.max(1, Math.floor(promised.seconds));
  find('V51', {
    object: server,
    field: 'holdfast/registrar-max-timeout',
    value: most.raw,
    reason: `A phone may be registered for ${most.value} s, and one that is at one site at a time (${objectKey(waits)} and others) may notice only then that site "${siteOf(server) ?? ''}" is lost, where ${promised.source} ${promised.seconds} s.`,
    remedy: `Set at most ${mostS}, with registrar-default-timeout and registrar-min-timeout not above it.`,
    fix: [server, ...(backup === undefined ? [] : [backup])].map((member) =>
      replaced(member, shorterRegistrations(member, mostS)),
    ),
  });
}

function shorterRegistrations(server: Application, mostS: number): Application {
  const levels = [levelOfObject(server)];
  const least = resolveOption(OPTIONS.holdfast['registrar-min-timeout'], levels)?.value ?? 1;
  const usual = resolveOption(OPTIONS.TServer['registrar-default-timeout'], levels)?.value ?? mostS;
  let shorter = withOption(server, 'holdfast', 'registrar-max-timeout', String(mostS));
  if (usual > mostS) shorter = withOption(shorter, 'TServer', 'registrar-default-timeout', String(mostS));
  if (least > mostS) shorter = withOption(shorter, 'holdfast', 'registrar-min-timeout', String(mostS));
  return shorter;
}

/** V55: all agents who may come at once, at the pace at which they are let in. */
function checkPace(world: World, server: Application, find: Find): void {
  const promised = world.promisedTime(server.tenant);
  const rate = resolveOption(OPTIONS.holdfast['login-rate'], [levelOfObject(server)]);
  if (!promised.isPromised || rate === undefined || server.switch === undefined) return;
  const agents = world.agentsAt(server.switch);
  const waits = world.desktops.map(
    (desktop) => 2 * addpOf(world, desktop) + (siteTimeoutOf(desktop)?.value ?? 0),
  );
  const beforeS = Math.max(0, ...waits.filter((wait) => wait <= promised.seconds));
  const paceS = agents / rate.value;
  // What takes less than a second is within what the time-outs are off by.
  if (paceS < 1 || beforeS + paceS <= promised.seconds) return;
  const needed = Math.ceil(agents / Math.max(1, promised.seconds - beforeS));
  const backup = world.application(server.backup);
  find('V55', {
    object: server,
    field: 'holdfast/login-rate',
    value: rate.raw,
    reason: `All ${agents} agents who may come here need ${Math.ceil(paceS)} s at ${rate.value} log-ins a second, after ${beforeS} s until they leave the other site: more than the ${promised.seconds} s that are promised.`,
    remedy: `Set ${needed} or more, as far as the machine carries it.`,
    ...(needed <= 10_000 && {
      fix: [server, ...(backup === undefined ? [] : [backup])].map((member) =>
        optionSet(member, 'holdfast', 'login-rate', String(needed)),
      ),
    }),
  });
}
