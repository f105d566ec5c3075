import type { z } from "@hono/zod-openapi";
import type { publishAnswer } from "./schemas.ts";
import type { LoggedEvent, Position } from "./types.ts";

/** The reason why a reader cannot continue from a position. */
export type Gap = "expired" | "unknown" | "rewound";

/** The outcome of a published event; the caller knows its receiver. */
export type PublishOutcome = Omit<z.infer<typeof publishAnswer>["results"][number], "user" | "topic">;

/** The part of one log in a history page. */
export interface HistoryPage {
  gap: Gap | null;
  from: Position;
  head: Position;
  events: LoggedEvent[];
  more: boolean;
}
