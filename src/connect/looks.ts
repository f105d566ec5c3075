import { recordOncePerDay } from "../audit/index.ts";
import { type AppContext, actorOf } from "../platform/http/context.ts";
import { ok, type Result } from "../platform/results.ts";

/** Who learns how others stand leaves one entry a day for each course, as for its lists of learners. */
export async function recordLooks(
  c: AppContext,
  looked: readonly { user: string; course: string }[],
): Promise<Result<null>> {
  const { id } = actorOf(c);
  for (const course of new Set(looked.filter(({ user }) => user !== id).map((look) => look.course))) {
    const target = { type: "course", id: course } as const;
    const recorded = await recordOncePerDay(c, { action: "roster.read", target, course });
    if (!recorded.ok) return recorded;
  }
  return ok(null);
}
