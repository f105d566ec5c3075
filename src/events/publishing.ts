import { inParallel } from "../platform/parallel.ts";
import { callBroadcastLog } from "./broadcast-log-stub.ts";
import type { PublishOutcome } from "./contract.ts";
import { callChannel } from "./stubs.ts";
import type { NewEvent } from "./types.ts";

/** Channels that one call publishes to at the same time. */
const PARALLEL_CHANNELS = 32;

/** An event and its receiver. */
export interface Addressed {
  /** Null: everybody, or those who asked for the event's topic. */
  user: string | null;
  event: NewEvent;
}

/**
 * Publishes each event to its receiver; the events of one receiver keep their order. If a receiver cannot be reached,
 * its events have the outcome `unavailable`: with their keys they can be published again.
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
