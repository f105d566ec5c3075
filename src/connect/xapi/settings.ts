import { z } from "@hono/zod-openapi";
import { broken } from "../../platform/http/field-errors.ts";
import { itemIdSchema } from "../../platform/ids.ts";
import { iri } from "./form/values.ts";

const MAX_VERBS = 100;
const MAX_ITEMS = 2_000;
const MAX_HOME_PAGES = 20;

/** What a statement can tell of an item. `ignored`: nothing. */
export const FACTS = [
  "viewed",
  "submitted",
  "contributed",
  "completed",
  "passed",
  "failed",
  "scored",
  "ignored",
] as const;
export type FactKind = (typeof FACTS)[number];

/** When an assignable unit is done (cmi5 section 13.1.4, `moveOn`). */
const MOVE_ON = ["Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed", "NotApplicable"] as const;
export type MoveOn = (typeof MOVE_ON)[number];

/** Verbs of ADL's vocabulary and of cmi5, and what each tells. A course may say otherwise. */
export const DEFAULT_VERBS: Readonly<Record<string, FactKind>> = {
  "http://adlnet.gov/expapi/verbs/initialized": "viewed",
  "http://adlnet.gov/expapi/verbs/launched": "viewed",
  "http://adlnet.gov/expapi/verbs/experienced": "viewed",
  "http://adlnet.gov/expapi/verbs/attempted": "viewed",
  "http://id.tincanapi.com/verb/viewed": "viewed",
  "http://adlnet.gov/expapi/verbs/completed": "completed",
  "http://adlnet.gov/expapi/verbs/passed": "passed",
  "http://adlnet.gov/expapi/verbs/mastered": "passed",
  "http://adlnet.gov/expapi/verbs/failed": "failed",
  "http://adlnet.gov/expapi/verbs/scored": "scored",
  "https://w3id.org/xapi/adl/verbs/satisfied": "completed",
  "https://w3id.org/xapi/adl/verbs/waived": "completed",
  "https://w3id.org/xapi/adl/verbs/abandoned": "ignored",
};

export const settingsSchema = z.strictObject({
  verbs: z
    .record(iri, z.enum(FACTS))
    .refine((verbs) => Object.keys(verbs).length <= MAX_VERBS, broken("too_big", `at most ${MAX_VERBS} verbs`))
    .default({})
    .describe("What a verb tells, by its IRI. It is laid over the table that every course has."),
  items: z
    .record(iri, z.strictObject({ item: itemIdSchema, move_on: z.enum(MOVE_ON).nullable().default(null) }))
    .refine((items) => Object.keys(items).length <= MAX_ITEMS, broken("too_big", `at most ${MAX_ITEMS} activities`))
    .default({})
    .describe(
      "The item that an activity is, by the activity's IRI; `move_on` as cmi5 has it, null: the verb alone decides.",
    ),
  home_pages: z
    .array(iri)
    .max(MAX_HOME_PAGES)
    .default([])
    .describe("Home pages of accounts whose names are ids of users here. That of this installation always counts."),
});
export type XapiSettings = z.output<typeof settingsSchema>;

/** The verbs by which a course is told this. */
export function verbsThatTell(settings: XapiSettings, kind: FactKind): string[] {
  const all = new Set([...Object.keys(settings.verbs), ...Object.keys(DEFAULT_VERBS)]);
  return [...all].filter((verb) => factOfVerb(settings, verb) === kind);
}

/** What the verb of a statement tells in a course; null: the table has nothing of it. */
export function factOfVerb({ verbs }: XapiSettings, verb: string): FactKind | null {
  return verbs[verb] ?? DEFAULT_VERBS[verb] ?? null;
}
