/** What somebody edits in the configuration of a simulated centre while it works. */
import { OVERFLOW_QUEUE, thirdPartyName } from '@holdfast/centre';
import { must, randomInteger } from '@holdfast/kernel';
import type { ConfigObject, ObjectOf, OptionSections } from '@holdfast/protocol';
import { CAMPAIGN_QUEUE, FIRST_CODE, SITES } from './whole-centre.ts';
import type { Edit } from './whole-configuration.ts';

/** Of agents who may leave their site, at a seat of their own. */
const MOVABLE = [0, 1, 2, 3] as const;
/** What desks wait for becomes longer by so much for a site, and shorter for a phone. */
const SITE_TIMEOUT_MORE_S = 5;
const PHONE_TIMEOUT_S = '6';

/** Other after-call work. */
const wrapUp: Edit = (objects, random) => {
  const code = String(FIRST_CODE + randomInteger(random, 0, 7));
  const time = String(randomInteger(random, 1, 6));
  return objects.map((object) =>
    object.objectType === 'AgentLogin' && object.code === code
      ? withOptions(object, 'TServer', { 'wrap-up-time': time })
      : object,
  );
};

const shorterLine: Edit = (objects) =>
  objects.map((object) =>
    object.objectType === 'DN' && object.number === OVERFLOW_QUEUE
      ? withOptions(object, 'holdfast', { 'waiting-max': '20' })
      : object,
  );

const queueLess: Edit = (objects) =>
  objects.filter((object) => object.objectType !== 'DN' || object.number !== CAMPAIGN_QUEUE);

/** DS24: of the Workspace family, also for whoever waits at that moment. */
const timeouts: Edit = (objects) =>
  objects.map((object) => {
    if (object.objectType !== 'Application' || object.name !== 'workspace') return object;
    const before = object.options['interaction-workspace']?.['disaster-recovery.timeout'];
    const longer = Number(must(before, 'the centre sets it')) + SITE_TIMEOUT_MORE_S;
    return withOptions(object, 'interaction-workspace', {
      'disaster-recovery.timeout': String(longer),
      'disaster-recovery.wait-for-sipphone-timeout': PHONE_TIMEOUT_S,
    });
  });

/** DS25: somebody belongs to the other site from now on, in the options of either family. */
const otherHome: Edit = (objects, random) => {
  const index = MOVABLE[randomInteger(random, 0, MOVABLE.length - 1)] ?? 0;
  const user = `agent${FIRST_CODE + index}`;
  const team = objects.find(
    (object) => object.objectType === 'AgentGroup' && isTeam(object.name) && object.members.includes(user),
  );
  return objects.map((object) => {
    if (object.objectType !== 'Person' || object.name !== user) return object;
    const isNorth = team?.objectType === 'AgentGroup' && team.name.endsWith(SITES[0].name);
    const [home, other] = isNorth ? [SITES[1], SITES[0]] : SITES;
    const workspace = {
      'disaster-recovery.preferred-site': home.name,
      'disaster-recovery.peer-site': other.name,
    };
    // Each family reads its own section (DS1).
    const desktop = { 'site-1': thirdPartyName(home.name), 'site-2': thirdPartyName(other.name) };
    return withOptions(withOptions(object, 'interaction-workspace', workspace), 'agent-desktop', desktop);
  });
};

/** The groups that say where their members belong. */
const isTeam = (name: string) => name.startsWith('team-');

/** A group serves a queue less; whoever is logged in does so until the next log-in. */
const smallerGroup: Edit = (objects) => {
  const group = objects.find(
    (object): object is ObjectOf<'AgentGroup'> =>
      object.objectType === 'AgentGroup' && object.originationDNs.some((dn) => dn.startsWith(OVERFLOW_QUEUE)),
  );
  return objects.map((object) =>
    object === group
      ? { ...group, originationDNs: group.originationDNs.filter((dn) => !dn.startsWith(OVERFLOW_QUEUE)) }
      : object,
  );
};

function withOptions(object: ConfigObject, section: string, options: OptionSections[string]): ConfigObject {
  const before = object.options;
  return { ...object, options: { ...before, [section]: { ...before[section], ...options } } };
}

export const EDITS: readonly Edit[] = [wrapUp, shorterLine, queueLess, timeouts, otherHome, smallerGroup];
