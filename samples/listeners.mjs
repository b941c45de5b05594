// The four listeners of a desktop, and what it does at each. The desk does it by itself; here it is only told, as a
// desktop would show it to its agent and report it to whoever watches over the system.
//
//     node listeners.mjs [user] [bootstrap file or URL] [data folder] [place …]      (ends with Ctrl-C)
import { openDesk } from '@holdfast/desk/node';

const [
  user = 'agent7001',
  bootstrap = 'http://127.0.0.1:8080/bootstrap.json',
  dataFolder = '.data/desk',
  ...place
] = process.argv.slice(2);
const tell = (listener, text) =>
  console.log(`${new Date().toISOString().slice(11, 23)} ${listener}: ${text}`);

const opening = await openDesk({
  user,
  password: process.env.DESK_PASSWORD ?? 'fake-password',
  bootstrap,
  dataFolder,
  place,
  listeners: {
    link: ({ kind, site, state }) => (state === 'off' ? lost : found)[kind](site, state),
    dn: ({ name, attributes }, { site }) => {
      // Of a desk that this one takes over from, it hears too; that is no news.
      if (name === 'EventAgentLogout' && desk.view?.site === site)
        loggedOut(site, attributes.Reasons?.LogoutReason);
      if (name === 'EventDNOutOfService') tell('DN', `the phone is gone at ${site}`);
      if (name === 'EventDNBackInService') tell('DN', `the phone is back at ${site}`);
    },
    // What is decided, with its reason: this is where a desktop would move its windows to the other site.
    decision: ({ what, site, because }) => tell('decision', `${what} (${site}): ${because.text}`),
    alarm: ({ name, isRaised, because }) =>
      tell('alarm', `${name} ${isRaised ? 'raised' : 'cleared'}, reported upstream: ${because.text}`),
    view: (view, before) => {
      if (view.banner !== (before?.banner ?? '')) tell('agent', view.banner || `all is well at ${view.site}`);
      if (view.site !== null && before?.site == null) desk.command({ type: 'ready' });
    },
  },
});
if (!opening.ok) {
  for (const problem of opening.problems) console.error(problem);
  process.exit(2);
}
const { desk } = opening;
for (const warning of opening.warnings) tell('warning', warning);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => desk.stop());

const moves = () => desk.view?.wait?.what ?? desk.view?.governing?.waitsFor ?? 'nothing yet';
const found = {
  telephony: (site, state) => tell('telephony', `${state} at ${site}`),
  configuration: (site, state) => tell('configuration', `${state} at ${site || 'the first that answers'}`),
  statistics: (site, state) => tell('statistics', `${state} at ${site}`),
};
const lost = {
  // Both SIP Servers of a pair are gone: connected again after each pause; after the site time-out the desk moves.
  telephony: (site) => tell('telephony', `off at ${site}; it is tried again, the desk waits for ${moves()}`),
  // Either alone moves no agent: the agent is warned, an alarm goes upstream.
  configuration: (site) => tell('configuration', `off at ${site}; warn the agent, move nobody`),
  statistics: (site) => tell('statistics', `off at ${site}; warn the agent, move nobody`),
};

function loggedOut(site, reason) {
  const who = new Map([
    [undefined, 'the agent did it: nothing to do'],
    ['supervisor_logout', 'a supervisor did it: nothing to do'],
    ['login-superseded', 'another desk of this agent took over: nothing to do'],
    ['dr-force_logout', 'the phone is not registered: wait for it here, then at the other site'],
    ['graceful_shutdown_logout', 'the site shuts down: move at once'],
  ]);
  // Third-party desks know codes of supervisors besides (`supervisor-logout-codes`): what the agent reads tells them apart.
  const words = who.get(reason) ?? 'a reason that is not known here: nothing to do but to say so';
  tell('DN', `logged out at ${site} (${reason ?? 'no reason'}); ${words}`);
}
