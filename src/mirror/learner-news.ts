import { z } from "zod";
import { judgedFor, openedFor } from "./statements.ts";

/** Items that opened for a learner, and judged work; the latest first, instants in epoch ms. */
export interface LearnerNews {
  opened: { version: number; items: string[]; at: number }[];
  graded: { id: string; item: string; at: number }[];
}

const idsSchema = z.array(z.string());
/** Items that one announcement names; a whole course may open at once. */
const MAX_ITEMS_NAMED = 100;

/** Reads the news of one learner from the mirror in D1, in one round trip. @param limit of each kind. */
export async function learnerNews(db: D1Database, enrollment: string, limit: number): Promise<LearnerNews> {
  const opened = openedFor(db, enrollment, limit);
  const judged = judgedFor(db, enrollment, limit);
  const [events, verdicts] = await db.batch<Record<string, unknown>>([opened, judged]);
  const rowsOfEvents = eventSchema.array().parse(events?.results ?? []);
  const rowsOfVerdicts = verdictSchema.array().parse(verdicts?.results ?? []);
  return {
    opened: rowsOfEvents.map(({ version, unlocked, announced_at }) => ({
      version,
      items: idsSchema.parse(JSON.parse(unlocked)).slice(0, MAX_ITEMS_NAMED),
      at: announced_at,
    })),
    graded: rowsOfVerdicts.map(({ id, item_id, judged_at }) => ({ id, item: item_id, at: judged_at })),
  };
}

const eventSchema = z.object({ version: z.number(), unlocked: z.string(), announced_at: z.number() });
const verdictSchema = z.object({ id: z.string(), item_id: z.string(), judged_at: z.number() });
