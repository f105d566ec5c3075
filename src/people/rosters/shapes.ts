import { z } from "@hono/zod-openapi";
import { MEMBER_ROLES } from "../../courses/index.ts";
import { cohortNameSchema } from "../../unlock/index.ts";

// What a roster says about people, whatever its format, and what a run of it would do. Shapes only.

/** Longest external id; the standard asks for GUIDs, and schools write what they have. */
export const MAX_EXTERNAL_ID = 120;
/** People and places in classes of one source. */
export const MAX_PEOPLE = 25_000;
export const MAX_PLACES = 100_000;
/** Classes that one source names, or that are listed of a file. */
export const MAX_CLASSES = 500;
/** Cohorts one learner may be in. */
export const MAX_COHORTS = 20;

export const ROSTER_FORMATS = ["csv", "oneroster"] as const;
export const SOURCE_KINDS = ["upload", "https", "bucket"] as const;
/** Roles of OneRoster 1.1 and 1.2 that can stand in a class. */
export const CLASS_ROLES = ["student", "teacher", "aide", "proctor", "administrator"] as const;

const externalId = z.string().min(1).max(MAX_EXTERNAL_ID);
const rightsSchema = z.enum([...MEMBER_ROLES, "none"]);

/** How a source is read. Everything has a default, so that a file alone is enough. */
export const settingsSchema = z
  .strictObject({
    match: z
      .enum(["email", "sourced_id", "username", "identifier"])
      .default("email")
      .describe("How somebody is found: by a verified e-mail address, or by an id that is their user id here."),
    classes: z
      .array(z.strictObject({ class: externalId, cohort: cohortNameSchema.nullable().default(null) }))
      .min(1)
      .max(MAX_CLASSES)
      .nullable()
      .default(null)
      .describe(
        "Classes that learn in this course, by sourcedId. Null: all of the file, each with a cohort of its id.",
      ),
    teacher: rightsSchema.default("grader"),
    aide: rightsSchema.default("none"),
    guardians: z.boolean().default(false).describe("Whether guardians observe their children."),
    missing: z
      .enum(["stay", "leave", "leave_all"])
      .nullable()
      .default(null)
      .describe(
        "Learners who are not in the file: they stay; those leave whom this source listed before; or everybody leaves. Null: leave for OneRoster, stay for CSV.",
      ),
  })
  .openapi("RosterSettings");
export type RosterSettings = z.output<typeof settingsSchema>;

/** One place of somebody in a class, by the id of the enrollment in the other system. Days as YYYY-MM-DD. */
const placeSchema = z.strictObject({
  class: z.string(),
  role: z.enum(CLASS_ROLES),
  begin: z.string().nullable(),
  end: z.string().nullable(),
});
export type Place = z.output<typeof placeSchema>;

/** What a source says about somebody: kept from run to run, because a later file may name changes only. */
export const saidSchema = z.strictObject({
  /** What they are matched by: an address in lower case, or an id. */
  key: z.string().nullable(),
  is_guardian: z.boolean(),
  /** External ids of people they belong to: children of guardians, guardians of children. */
  agents: z.array(z.string()),
  /** By the external id of each place. */
  places: z.record(z.string(), placeSchema),
  /** Of CSV files: the cohorts; null where the file has none. */
  cohorts: z.array(z.string()).nullable(),
});
export type Said = z.output<typeof saidSchema>;

/** Somebody as the last run left them. */
export interface KnownPerson {
  said: Said;
  user: string | null;
  /** Cohorts asked for by the last run; null: they were no learner. */
  learner: string[] | null;
}

/** What one person of a file says; their places come apart. */
export type FilePerson = Omit<Said, "places"> & { name: string };

/** One part of a file: whole, or changes only. A null row is one that was deleted. */
export interface Part<T> {
  isWhole: boolean;
  rows: Map<string, T | null>;
}

/** A roster file, read. A part that is absent says nothing. */
export interface RosterFile {
  people: Part<FilePerson> | null;
  places: Part<Place & { person: string }> | null;
  classes: Part<{ title: string }> | null;
}

/** Something of a file that was left out, or ignored, and why. */
export const noteSchema = z.object({ path: z.string(), rule: z.string(), message: z.string() }).openapi("RosterNote");
export type RosterNote = z.output<typeof noteSchema>;

const learnerAct = z.object({
  do: z.literal("learner"),
  user: z.string(),
  cohorts: z.array(z.string()).nullable(),
  /** `own`: not whom somebody has withdrawn by hand. */
  returns: z.literal("own").optional(),
});
const memberAct = z.object({ do: z.literal("member"), user: z.string(), role: z.enum(MEMBER_ROLES).nullable() });
const observerAct = z.object({ do: z.literal("observer"), user: z.string(), learner: z.string(), on: z.boolean() });
const withdrawAct = z.object({ do: z.literal("withdraw"), user: z.string() });
const actSchema = z.discriminatedUnion("do", [learnerAct, memberAct, observerAct, withdrawAct]);
export type Act = z.output<typeof actSchema>;

/** What a plan keeps of somebody: null forgets them. */
const keepSchema = z.object({
  id: z.string(),
  row: z.object({ said: saidSchema, user: z.string().nullable(), learner: z.array(z.string()).nullable() }).nullable(),
});
export type Keep = z.output<typeof keepSchema>;

export const planSchema = z.object({ acts: z.array(actSchema), keeps: z.array(keepSchema) });
export type RunPlan = z.output<typeof planSchema>;

const personView = z.object({ user_id: z.string(), name: z.string().nullable() });
export const WAITS = ["no_key", "no_account", "unverified", "invalid_id"] as const;
export const previewSchema = z
  .object({
    comes: z.int(),
    changes: z.int(),
    goes: z.int(),
    unchanged: z.int(),
    enrolled: z.int().openapi({ description: "Learners of the course that the file is about, before." }),
    rights: z.int().openapi({ description: "Rights given or taken." }),
    observers: z.int().openapi({ description: "Observers set or ended." }),
    waiting: z.int().openapi({ description: "People of the file who cannot be matched to a user yet." }),
    needs_confirmation: z.boolean().openapi({ description: "So many would go that their number has to be said." }),
    coming: z.array(personView.extend({ cohorts: z.array(z.string()) })),
    changing: z.array(personView.extend({ from: z.array(z.string()), to: z.array(z.string()) })),
    going: z.array(personView),
    rights_changed: z.array(personView.extend({ role: z.enum(MEMBER_ROLES).nullable() })),
    unmatched: z.array(z.object({ id: z.string(), name: z.string(), why: z.enum(WAITS) })),
    classes: z.array(z.object({ id: z.string(), title: z.string(), learners: z.int(), cohort: z.string().nullable() })),
    notes: z.array(noteSchema).openapi({ description: "Rows and files that were left out, and why. The first 200." }),
  })
  .openapi("RosterPreview");
export type RosterPreview = z.output<typeof previewSchema>;
