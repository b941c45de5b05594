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
import { readLocatedJson } from './located-json.ts';
import { NODES_MAX, readNodeList } from './node-list.ts';
import { siteWarnings } from './site-warnings.ts';

const name = z.string().min(1).max(255);

const SITES = ['preferred', 'peer'] as const;

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

/** What else is wrong is told when these are mended: each costs a look through the file for its line. */
const PROBLEMS_MAX = 20;

/** By the depth of the object in which they stand. */
const KEYS = [Object.keys(bootstrapForm.shape), SITES, Object.keys(siteForm.shape)];

export function readBootstrapJson(text: string): BootstrapReading {
  const json = readLocatedJson(text);
  if (!json.ok) return { ok: false, problems: [{ line: json.line, key: '', text: json.text }] };
  const { lineOf } = json;
  const problems: BootstrapProblem[] = json.twice(PROBLEMS_MAX).map(({ key, line }) => ({
    ...{ line, key },
    text: 'This key stands twice. Remove one.',
  }));
  const reading = bootstrapForm.safeParse(json.value);
  if (!reading.success) {
    for (const issue of reading.error.issues.slice(0, PROBLEMS_MAX))
      problems.push(...issueProblems(issue, lineOf));
    return { ok: false, problems: problems.slice(0, PROBLEMS_MAX) };
  }
  const { environment, hotSeating, embeddedEndpoint, sites } = reading.data;
  const read = (which: 'preferred' | 'peer', site: z.infer<typeof siteForm>): BootstrapSite => {
    const list = readNodeList(site.nodes.map((node) => `[${node}]`).join(''));
    const isSound = typeof list !== 'string';
    const key = `sites.${which}.nodes`;
    if (!isSound) problems.push({ line: lineOf(key.split('.')), key, text: `${list}.` });
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
      line: lineOf(['sites', 'peer', 'applicationType']),
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
  warnings.push(
    ...siteWarnings(preferred, peer).map(({ what, text: told }) => {
      const key = `sites.peer.${what}`;
      return { line: lineOf(key.split('.')), key, text: told };
    }),
  );
  return { ok: true, bootstrap: { environment, preferred, peer, hotSeating, embeddedEndpoint }, warnings };
}

/** A key that nobody knows stands in the object, where its line is looked for; of any other the line is its own. */
function issueProblems(
  issue: z.core.$ZodIssue,
  lineOf: (path: readonly string[]) => number,
): BootstrapProblem[] {
  const path = issue.path.map(String);
  const problem = (keys: readonly string[], text: string) => ({
    line: lineOf(keys),
    key: keys.join('.'),
    text,
  });
  if (issue.code !== 'unrecognized_keys') {
    const missing = /expected (\w+), received undefined$/.exec(issue.message)?.[1];
    return [
      problem(path, missing === undefined ? `${issue.message}.` : `It is missing: a ${missing} is needed.`),
    ];
  }
  const allowed = KEYS[path.length]?.join(', ');
  return issue.keys
    .slice(0, PROBLEMS_MAX)
    .map((key) =>
      problem([...path, key], `There is no such key; allowed here are ${allowed}. Correct or remove it.`),
    );
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
