import { z } from "@hono/zod-openapi";
import { courseSlugSchema } from "../platform/ids.ts";
import { PEOPLE } from "../platform/roles.ts";

export const TAGS = ["courses"];

export const policySchema = z.enum(["grandfather", "relock"]).default("grandfather").openapi({
  description: "grandfather: open items stay open. relock: the new rules apply to everybody at once.",
});

export const courseParam = z.object({ course: courseSlugSchema });

export const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

export const AUTHORS = ["author", "admin"] as const;

/** Those who may manage some course: who is a co-author of it need not be an author elsewhere. */
export const MANAGERS = PEOPLE;

export const OWNER_RULE = "The owner of the course, its co-authors, and admins.";
