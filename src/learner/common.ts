import { z } from "@hono/zod-openapi";
import { courseSlugSchema } from "../platform/ids.ts";
import type { Language } from "../platform/text.ts";

export const TAGS = ["learning"];
export const OWN_RULE = "Own enrollment only.";
export const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
export const courseParam = z.object({ course: courseSlugSchema });
/** The refusals of a route that asks the learner's object. */
export const OWN_REFUSALS = ["course_not_found", "course_unpublished", "not_enrolled"] as const;

/** The address of this service in the request: no slash at the end. */
export function originOf(url: string): string {
  return new URL(url).origin;
}

const titleSchema = z.union([
  z.string().transform((en) => ({ en, zh: undefined })),
  z.object({ en: z.string().optional(), zh: z.string().optional() }),
]);

/** A course's title from D1, in one language. */
export function titleIn(stored: string, language: Language): string {
  const title = titleSchema.parse(JSON.parse(stored));
  return title[language] ?? title.en ?? title.zh ?? "";
}
