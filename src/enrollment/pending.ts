import type { ProjectionBatch } from "../mirror/index.ts";
import { readOnce } from "../platform/late.ts";
import { ok, type Result } from "../platform/results.ts";
import type { EnrollmentCore } from "./core.ts";

/**
 * D1's row differs from the object, which alone decides its content: the row is written once more, unless a delivery is
 * under way.
 */
export async function tellAgain(core: EnrollmentCore): Promise<Result<null>> {
  if ((await core.load()) === null) return ok(null);
  return core.commit(() => {
    const now = Date.now();
    if (core.outbox.depth(now).rows > 0) return ok(null);
    core.outbox.add("mirror", "", now);
    return ok(null);
  });
}

/** Reads never need this, and it brings the schemas of pending rows. */
const readCollectProjection = readOnce(async () => (await import("./outbox-batch.ts")).collectProjection);

/**
 * The rows that are pending for D1, or null if there are none; with news for other systems if there are subscriptions.
 */
export async function pendingProjection(
  core: EnrollmentCore,
  withNews: boolean,
): Promise<Result<ProjectionBatch | null>> {
  const collectProjection = await readCollectProjection();
  const state = await core.load();
  if (state === null) return ok(null);
  return ok(collectProjection(state, core.store, core.outbox, core.announcements, withNews));
}

/**
 * D1 has everything up to `head`.
 * @param sentUpTo live events are published up to this row; a Worker of the release before does not send it.
 */
export async function confirmProjection(
  core: EnrollmentCore,
  head: number,
  sentUpTo = 0,
): Promise<Result<{ remaining: number }>> {
  if ((await core.load()) === null) return ok({ remaining: 0 });
  return core.commit(() => {
    const now = Date.now();
    core.outbox.confirm(head, Math.max(sentUpTo, core.announcements.notifiedUpTo), now);
    const { rows } = core.outbox.depth(now);
    core.cell.scheduler.reschedule("outbox", null);
    core.announcements.confirmed(now);
    if (rows > 0) core.announcements.announce(now);
    return ok({ remaining: rows });
  });
}

/**
 * Inside a transaction: D1 may be behind this object, and it is not known how far. So everything is pending; rows that
 * D1 has already do no harm.
 */
export function markEverythingPending(core: EnrollmentCore, now: number): void {
  const { store, outbox } = core;
  for (const item of core.current().facts.keys()) outbox.add("fact", item, now);
  for (const id of store.submissions.ids()) outbox.add("submission", id, now);
  outbox.add("mirror", "", now);
}
