import type { z } from "@hono/zod-openapi";
import type { publishAnswer } from "./schemas.ts";
import type { LoggedEvent, Position } from "./types.ts";

/** Why a position cannot be continued from. */
export type Gap = "expired" | "unknown" | "rewound";

/** What became of a published event; who was meant is known to whoever asked. */
export type PublishOutcome = Omit<z.infer<typeof publishAnswer>["results"][number], "user" | "topic">;

/** One log's part of a history page. */
export interface HistoryPage {
  gap: Gap | null;
  from: Position;
  head: Position;
  events: LoggedEvent[];
  more: boolean;
}
