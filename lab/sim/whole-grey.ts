/**
 * Grey failures: a primary that answers its mate and its arbiter and does no work hands its role over, where its mate could
 * take it at once (FT1, FT3). Looked at from outside: it has been so for long, all the time its own report said that the
 * roles could change now (HR3), and it still is primary.
 */
import type { Millis } from '@holdfast/kernel';
import type { PairWatch } from './whole-pair-watch.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 500;
/** Five rounds of probes of three seconds, and one that is cut off; an offer that is lost, made again after 30 s; and some. */
const GREY_MAX_MS = 52_000;

export function greyIsReplaced(world: World, site: string, watch: PairWatch): void {
  let countedMs = 0;
  const look = () => {
    world.plan(world.at + LOOK_EVERY_MS, look);
    const primary = watch.serving;
    const isGrey = primary?.acts && !primary.isStopped && primary.grey !== undefined;
    // Who has got the role from one that was grey keeps it for a while, whatever it is itself (FT2).
    if (!isGrey || watch.hasMovedFromGrey || !primary.couldYield) {
      countedMs = 0;
      return;
    }
    countedMs += LOOK_EVERY_MS;
    const seconds: Millis = countedMs / 1000;
    if (countedMs > GREY_MAX_MS)
      world.fail(
        'grey-is-replaced',
        `${site}: its primary has done no work for ${seconds} s beside a ready mate`,
      );
  };
  look();
}
