// Start-up with fallback: whichever Configuration Server answers tells the agent's sites; the desk works at the
// preferred one while it lives, else at the other. Run it twice: the second time it knows where the agent belongs.
//
//     node start-up.mjs [user] [bootstrap file or URL] [data folder] [place …]
import { openDesk } from '@holdfast/desk/node';

const [
  user = 'agent7002',
  bootstrap = 'http://127.0.0.1:8080/bootstrap.json',
  dataFolder = '.data/desk',
  ...place
] = process.argv.slice(2);
const startedAt = performance.now();
const say = (text) => console.log(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${text}`);
/** Long enough for a dead site and a phone that has to move: their time-outs, and one login lease. */
const START_MAX_MS = 120_000;

const opening = await openDesk({
  user,
  password: process.env.DESK_PASSWORD ?? 'fake-password',
  bootstrap,
  dataFolder,
  place,
  listeners: {
    link: ({ kind, site, state }) => {
      if (site !== '') say(`${kind} link: ${state} at ${site}`);
      else say(`${kind} link: ${state} to the servers of the bootstrap file`);
    },
    decision: ({ what, site, because }) => say(`the desk decides: ${what} (${site}). ${because.text}`),
    view: (view, before) => {
      if (view.banner !== '' && view.banner !== before?.banner) say(`the agent reads: ${view.banner}`);
      if (view.site !== null) end(view);
    },
    log: ({ level, what, because }) => {
      if (level === 'error') say(`${what}: ${because}`);
    },
  },
});
if (!opening.ok) {
  for (const problem of opening.problems) console.error(problem);
  process.exit(2);
}
const { desk } = opening;
for (const warning of opening.warnings) say(`warning: ${warning}`);
const limit = setTimeout(() => end(desk.view), START_MAX_MS);
let isOver = false;

async function end(view) {
  if (isOver) return;
  isOver = true;
  clearTimeout(limit);
  const isIn = view?.site !== null && view?.site !== undefined;
  if (isIn) {
    say(`${user} works at ${view.site}, at ${view.place}; the options are those of ${view.family}`);
    const { waitsFor, name, value, source } = view.governing;
    say(`the next move would be by ${waitsFor}: ${name} = ${value} of ${source}`);
  } else say(`${user} could not start: ${view?.banner}`);
  await desk.stop();
  process.exitCode = isIn ? 0 : 1;
}
