// A switchover on demand, there and back, asked for by a program. No process ends: the desk has what it needs of both
// sites since its log-in, sets up the other site's listeners and lets go of this one's.
//
//     node switchover.mjs [user] [bootstrap file or URL] [data folder] [place …]
import { openDesk } from '@holdfast/desk/node';

const [
  user = 'agent7009',
  bootstrap = 'http://127.0.0.1:8080/bootstrap.json',
  dataFolder = '.data/desk',
  ...place
] = process.argv.slice(2);
/** For each step: a call that has to end first, or a phone that has to move. */
const STEP_MAX_MS = 60_000;
const waiting = new Set();

const opening = await openDesk({
  user,
  password: process.env.DESK_PASSWORD ?? 'fake-password',
  bootstrap,
  dataFolder,
  place,
  listeners: {
    decision: ({ what, site, because }) => console.log(`  decided: ${what} (${site}). ${because.text}`),
    view: () => {
      for (const look of waiting) look();
    },
  },
});
if (!opening.ok) {
  for (const problem of opening.problems) console.error(problem);
  process.exit(2);
}
const { desk } = opening;

/** Resolves as soon as the view shows it. */
function seen(what, isTrue) {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error(`not seen: ${what}. The agent reads: ${desk.view?.banner}`));
    const timer = setTimeout(giveUp, STEP_MAX_MS);
    const look = () => {
      if (desk.view === undefined || !isTrue(desk.view)) return;
      waiting.delete(look);
      clearTimeout(timer);
      console.log(what);
      resolve();
    };
    waiting.add(look);
    look();
  });
}

async function move(to) {
  // Nobody is moved in a call or in the work after it: no more calls, and the last one comes to its end.
  desk.command({ type: 'notReady', reason: 'switchover' });
  await seen('free of calls', ({ calls, state }) => calls.length === 0 && state === 'NotReady');
  await seen(`the phone is in service at ${to}`, ({ phoneAt }) => phoneAt.includes(to));
  const askedAt = performance.now();
  desk.command({ type: 'move', to, by: 'program' });
  await seen(`logged in at ${to}`, ({ site }) => site === to);
  desk.command({ type: 'ready' });
  await seen(`Ready at ${to}`, ({ site, state }) => site === to && state === 'Ready');
  console.log(`  ${Math.round(performance.now() - askedAt)} ms after it was asked for`);
}

try {
  await seen('logged in', ({ site }) => site !== null);
  const home = desk.view.site;
  const other = desk.view.links.find(({ kind, site }) => kind === 'telephony' && site !== home)?.site;
  if (other === undefined) throw new Error(`${user} has one site only: ${desk.view.problems.join(' ')}`);
  await move(other);
  await move(home);
  console.log(`back at ${home}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await desk.stop();
}
