/**
 * The same as JSON: what Workspace's file says, the local data of a third-party desktop for both sites (S3), and the
 * copy that a desk keeps of what it has learnt.
 *
 *     { "environment": "…", "hotSeating": false, "embeddedEndpoint": false,
 *       "sites": { "preferred": { "application": "…", "applicationType": "ThirdPartyApplication", "place": "…",
 *                                 "form": "pair", "nodes": ["host:port", …], "timeout": 10 },
 *                  "peer": { … } } }
 *
 * docs/bootstrap.md describes both forms.
 */
import { z } from 'zod';
import type { Bootstrap, BootstrapProblem, BootstrapReading, BootstrapSite } from './bootstrap.ts';
import { NODES_MAX, readNodeList } from './node-list.ts';

const name = z.string().min(1).max(255);

const siteForm = z.strictObject({
  /** Known once a Configuration Server has told it. */
  site: name.optional(),
  application: name,
  applicationType: z.enum(['Workspace', 'ThirdPartyApplication']).default('Workspace'),
  place: name.optional(),
  form: z.enum(['pair', 'cluster']).default('pair'),
  nodes: z.array(z.string().max(300)).min(1).max(NODES_MAX),
  /** Seconds. */
  timeout: z.number().int().min(1).max(3_600).optional(),
});

const bootstrapForm = z.strictObject({
  environment: name,
  hotSeating: z.boolean().default(false),
  embeddedEndpoint: z.boolean().default(false),
  sites: z.strictObject({ preferred: siteForm, peer: siteForm.optional() }),
});

export function readBootstrapJson(text: string): BootstrapReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {
      ok: false,
      problems: [{ line: lineOfSyntaxError(text, error), key: '', text: 'This is no sound JSON.' }],
    };
  }
  const reading = bootstrapForm.safeParse(value);
  if (!reading.success) {
    const problems = reading.error.issues.map(({ path, message }) => {
      const keys = path.map(String);
      return { line: lineOf(text, keys), key: keys.join('.'), text: `${message}.` };
    });
    return { ok: false, problems };
  }
  const { environment, hotSeating, embeddedEndpoint, sites } = reading.data;
  const problems: BootstrapProblem[] = [];
  const read = (which: 'preferred' | 'peer', site: z.infer<typeof siteForm>): BootstrapSite => {
    const list = readNodeList(site.nodes.map((node) => `[${node}]`).join(''));
    const isSound = typeof list !== 'string';
    const key = `sites.${which}.nodes`;
    if (!isSound) problems.push({ line: lineOf(text, key.split('.')), key, text: `${list}.` });
    return {
      site: site.site,
      application: site.application,
      applicationType: site.applicationType,
      place: site.place,
      form: site.form,
      nodes: isSound ? list.nodes : [],
      timeoutMs: site.timeout === undefined ? undefined : site.timeout * 1000,
    };
  };
  const preferred = read('preferred', sites.preferred);
  const peer = sites.peer === undefined ? undefined : read('peer', sites.peer);
  if (peer !== undefined && peer.applicationType !== preferred.applicationType)
    problems.push({
      line: lineOf(text, ['sites', 'peer', 'applicationType']),
      key: 'sites.peer.applicationType',
      text: `It must be ${preferred.applicationType}, as at the preferred site: a desk is of one family (DS1).`,
    });
  if (problems.length > 0) return { ok: false, problems };
  const warnings: BootstrapProblem[] = [];
  if (peer === undefined)
    warnings.push({
      line: 0,
      key: 'sites.peer',
      text: 'It is missing: the desk cannot start while the preferred site is dead. Add the other site.',
    });
  return { ok: true, bootstrap: { environment, preferred, peer, hotSeating, embeddedEndpoint }, warnings };
}

/** What `readBootstrapJson` reads. */
export function writeBootstrapJson({
  environment,
  preferred,
  peer,
  hotSeating,
  embeddedEndpoint,
}: Bootstrap): string {
  const form = ({ nodes, timeoutMs, ...site }: BootstrapSite) => ({
    ...site,
    nodes: nodes.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)),
    timeout: timeoutMs === undefined ? undefined : timeoutMs / 1000,
  });
  const sites = { preferred: form(preferred), peer: peer === undefined ? undefined : form(peer) };
  return `${JSON.stringify({ environment, hotSeating, embeddedEndpoint, sites }, null, 2)}\n`;
}

/** Node and browsers tell the position of a syntax error in their own words; without one it is the last line. */
function lineOfSyntaxError(text: string, error: unknown): number {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  return lineAt(text, position === undefined ? text.length : Number(position));
}

/** The line where the last of `keys` that is there stands, each looked for behind the one before. */
function lineOf(text: string, keys: readonly string[]): number {
  let at = 0;
  for (const key of keys) {
    const next = text.indexOf(`"${key}"`, at);
    if (next !== -1) at = next;
  }
  return lineAt(text, at);
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}
