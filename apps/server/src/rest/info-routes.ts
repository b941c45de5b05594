/** The way in, what is served, and what the validator has to say of it. */
import { Problem } from './problem.ts';
import { etagOf, LIMIT_WINDOW_MS, type RestApp, type RestContext, sessionOf } from './rest-app.ts';
import { findingsAnswer, findingsQuery, issuedToken, logInBody, refused, revisionAnswer } from './schemas.ts';
import { siteNamed } from './standing.ts';

/** The only route that needs no token. */
export function addLogIn(app: RestApp, { sessions, limits }: RestContext): void {
  app.post(
    '/v1/log-in',
    {
      config: {
        rateLimit: {
          ...{ max: limits.logInsMax, timeWindow: LIMIT_WINDOW_MS, groupId: 'log-in' },
        },
      },
      schema: {
        ...{ tags: ['log-in'], summary: 'A token for a user name and a password', operationId: 'logIn' },
        ...{ body: logInBody, security: [], response: { 200: issuedToken, ...refused } },
      },
    },
    async (request, reply) => {
      const { user, password } = request.body;
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const { token, expiresAt } = await sessions.logIn(user, password, request.ip, gone.signal);
      reply.header('cache-control', 'no-store');
      return { token, expiresAt: new Date(expiresAt).toISOString() };
    },
  );
}

export function addInfoRoutes(app: RestApp, context: RestContext): void {
  const { application } = context;
  app.get(
    '/v1/revision',
    {
      schema: {
        ...{ tags: ['standing'], operationId: 'readRevision' },
        ...{ summary: 'What is served here, how old it may be, and who writes' },
        response: { 200: revisionAnswer, ...refused },
      },
    },
    async (_request, reply) => {
      const configuration = context.configuration();
      const { revision, objects } = configuration;
      reply.header('etag', etagOf(revision));
      const site = siteNamed(configuration, application);
      return { application, site, revision, objects: objects.length, ...context.standing() };
    },
  );
  app.get(
    '/v1/findings',
    {
      schema: {
        ...{ tags: ['findings'], operationId: 'readFindings', querystring: findingsQuery },
        ...{ summary: 'What the validator finds on the configuration that is served here' },
        response: { 200: findingsAnswer, ...refused },
      },
    },
    async (request, reply) => {
      const { severity, rule, object } = request.query;
      const checked = await sessionOf(request).ask({ type: 'Check' }, 'Checked');
      const { revision } = checked;
      const findings = checked.findings
        .filter((finding) => severity === undefined || finding.severity === severity)
        .filter((finding) => rule === undefined || finding.rule === rule)
        .filter((finding) => object === undefined || finding.object === object);
      reply.header('etag', etagOf(revision));
      return { revision, findings };
    },
  );
}

export function notHere(path: string): Problem {
  const detail = `There is nothing at ${path.slice(0, 200)}. GET /docs says what there is.`;
  return new Problem({ code: 'not-found', detail });
}
