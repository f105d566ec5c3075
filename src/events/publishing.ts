import { inParallel } from "../platform/parallel.ts";
import { callBroadcastLog } from "./broadcast-log-stub.ts";
import type { PublishOutcome } from "./contract.ts";
import { callChannel } from "./stubs.ts";
import type { NewEvent } from "./types.ts";

/** Channels published to at the same time by one call. */
const PARALLEL_CHANNELS = 32;

/** An event and who it is for. */
export interface Addressed {
  /** Null: everybody, or who asked for the event's topic. */
  user: string | null;
  event: NewEvent;
}

/**
 * Publishes each event to its receiver; those of one receiver keep their order. A receiver that could not be reached
 * has `unavailable` for its events: with their keys they can be published again.
 *
 * @param source see {@link UserChannel.publish}.
 * @returns one outcome for each, in the same order.
 */
export async function publishAll(
  env: Env,
  addressed: readonly Addressed[],
  source: "enrollment" | "other" = "other",
): Promise<PublishOutcome[]> {
  const byReceiver = new Map<string | null, number[]>();
  addressed.forEach(({ user }, index) => {
    byReceiver.set(user, [...(byReceiver.get(user) ?? []), index]);
  });
  const outcomes: PublishOutcome[] = addressed.map(({ event }) => ({
    key: event.key,
    status: "unavailable",
    id: null,
  }));
  await inParallel([...byReceiver], PARALLEL_CHANNELS, async ([user, indexes]) => {
    const events = indexes.flatMap((index) => addressed[index]?.event ?? []);
    const published =
      user === null
        ? await callBroadcastLog(env, (stub) => stub.publish(events))
        : await callChannel(env, user, (stub) => stub.publish(events, source));
    if (!published.ok) return;
    indexes.forEach((index, at) => {
      const outcome = published.value[at];
      if (outcome !== undefined) outcomes[index] = outcome;
    });
  });
  return outcomes;
}
