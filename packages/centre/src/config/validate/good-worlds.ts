/** Good worlds of other forms: Places for each Extension, proxies, clusters, local data. */
import type { Application, ConfigObject, Place } from '@holdfast/protocol';
import type { LocalData } from './question.ts';
import { all, application, connection, copied, generated, type Objects, option } from './test-worlds.ts';

export const SITES = ['north', 'south'] as const;

/** S3: an Extension has a Place of its own. */
export function placePerDN(objects: Objects): Objects {
  const split = objects.flatMap((object): ConfigObject[] => {
    if (object.objectType !== 'Place') return [object];
    return object.dns.map((reference): Place => {
      const site = reference.slice(reference.indexOf('@') + 1);
      return { ...object, name: site === 'north' ? object.name : `${object.name}-${site}`, dns: [reference] };
    });
  });
  return option(split, 'Tenant/holdfast', 'holdfast/place-form', 'each');
}

/** Two proxies at each site, to which the desks are connected in place of the Configuration Server. */
export function withProxies(objects: Objects): Objects {
  return SITES.reduce(
    (done, site, i) =>
      all(
        done,
        (one) =>
          copied<Application>(one, `Application/config-${site}`, {
            name: `proxy-${site}`,
            type: 'ConfigurationServerProxy',
            ports: { default: 5_120 + 100 * i },
            backup: `proxy-${site}-b`,
          }),
        (one) =>
          copied<Application>(one, `Application/config-${site}`, {
            name: `proxy-${site}-b`,
            type: 'ConfigurationServerProxy',
            ports: { default: 5_121 + 100 * i },
          }),
        (one) => connection(one, 'workspace', `config-${site}`, { server: `proxy-${site}` }),
        (one) => connection(one, `desktop-${site}`, `config-${site}`, { server: `proxy-${site}` }),
      ),
    objects,
  );
}

/** The proxies of a site, or its Stat Servers, as nodes of a cluster. */
export function withClusters(objects: Objects): Objects {
  return SITES.reduce((done, site, i) => {
    const two = all(
      done,
      (one) => application(one, `proxy-${site}`, {}),
      (one) =>
        copied<Application>(one, `Application/stat-${site}`, {
          name: `stat-${site}-2`,
          ports: { default: 5_130 + 100 * i },
        }),
    );
    const parts = [
      [`proxies-${site}`, `proxy-${site}`, [`proxy-${site}`, `proxy-${site}-b`]],
      [`stats-${site}`, `stat-${site}`, [`stat-${site}`, `stat-${site}-2`]],
    ] as const;
    return parts.reduce(
      (ready, [name, replaces, nodes]) =>
        all(
          ready,
          (one) => unlinked(one, `proxy-${site}`),
          (one) => [...one, clusterOf(name, site, nodes)],
          (one) => connection(one, 'workspace', replaces, { server: name }),
          (one) => connection(one, `desktop-${site}`, replaces, { server: name }),
        ),
      two,
    );
  }, withProxies(objects));
}

function unlinked(objects: Objects, name: string): Objects {
  return objects.map((object) => {
    if (object.objectType !== 'Application' || object.name !== name) return object;
    const { backup: _, ...single } = object;
    return single;
  });
}

function clusterOf(name: string, site: string, nodes: readonly string[]): Application {
  return {
    objectType: 'Application',
    name,
    type: 'ApplicationCluster',
    enabled: true,
    ports: {},
    connections: nodes.map((server) => ({ server, port: 'default', addp: { timeout: 20 } })),
    options: { 'interaction-workspace': { 'disaster-recovery.site': site } },
  };
}

export function timesOfWorkspace(objects: Objects, addpS: number, timeoutS: string): Objects {
  return all(
    objects,
    (one) => connection(one, 'workspace', 'sip-north', { addp: { timeout: addpS } }),
    (one) => connection(one, 'workspace', 'sip-south', { addp: { timeout: addpS } }),
    (one) =>
      option(one, 'Application/workspace', 'interaction-workspace/disaster-recovery.timeout', timeoutS),
  );
}

export const BOTH_REGISTRATIONS = [
  'interaction-workspace/sipendpoint.proxies.proxy0.reg_timeout',
  'interaction-workspace/sipendpoint.proxies.proxy1.reg_timeout',
] as const;

const nodes = (base: number) => [
  { host: '127.0.0.1', port: base },
  { host: '127.0.0.1', port: base + 1 },
];
/** Of a third-party desktop, with proxies. */
export const LOCAL_DATA: LocalData = {
  source: 'desktop.json',
  preferred: {
    application: 'desktop-north',
    applicationType: 'ThirdPartyApplication',
    place: 'place-7003',
    nodes: nodes(5_120),
  },
  peer: {
    application: 'desktop-south',
    applicationType: 'ThirdPartyApplication',
    place: 'place-7003-south',
    nodes: nodes(5_220),
  },
  hotSeating: false,
};

/** A second pair of peers at both sites, of Switches of its own. */
export function secondGroup(name: string | undefined): Objects {
  return SITES.reduce(
    (done, site, i) =>
      all(
        done,
        (one) => copied(one, `Switch/${site}`, { name: `${site}-2` }),
        (one) =>
          copied(one, `Application/sip-${site}`, {
            name: `sip-${site}-2`,
            switch: `${site}-2`,
            ports: { default: 5_151 + 100 * i },
          }),
        (one) => option(one, `Application/sip-${site}-2`, 'TServer/sip-port', String(5_170 + 100 * i)),
        (one) => option(one, `Application/sip-${site}-2`, 'TServer/dr-peer-trunk', undefined),
        (one) =>
          option(one, `Application/sip-${site}-2`, `interaction-workspace/disaster-recovery.name`, name),
        (one) =>
          one.map((object) =>
            object.objectType === 'Application' && object.name === 'workspace'
              ? {
                  ...object,
                  connections: [
                    ...object.connections,
                    { server: `sip-${site}-2`, port: 'default', addp: { timeout: 5 } },
                  ],
                }
              : object,
          ),
      ),
    generated(),
  );
}
