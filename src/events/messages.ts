import { z } from "@hono/zod-openapi";
import { ROLES } from "../platform/roles.ts";
import { EVENT_TYPES, LEVELS, PRIORITIES } from "./types.ts";

/** Important events on their way to D1. */
export const archiveMessageSchema = z.object({
  /** Their user; null: everybody. */
  user_id: z.string().nullable(),
  events: z.array(
    z.object({
      id: z.string(),
      at: z.number(),
      type: z.enum(EVENT_TYPES),
      level: z.enum(LEVELS),
      priority: z.enum(PRIORITIES),
      roles: z.array(z.enum(ROLES)).nullable(),
      data: z.string(),
      topic: z.string().nullable().default(null),
    }),
  ),
});
export type ArchiveMessage = z.output<typeof archiveMessageSchema>;
