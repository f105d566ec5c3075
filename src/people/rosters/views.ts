import { z } from "@hono/zod-openapi";
import { toInstant, toInstantOrNull } from "../../platform/instants.ts";
import { RUN_BEGUN, type RunRow, type SourceRow } from "../tables.ts";
import { noteSchema, previewSchema, ROSTER_FORMATS, SOURCE_KINDS, settingsSchema } from "./shapes.ts";

export const sourceNameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "lower-case letters, digits and inner dashes, at most 40 characters")
  .openapi({ example: "school" });

/** `replaced`: a newer run took its place before anybody confirmed it. */
const SHOWN_STATES = ["queued", "reading", "planned", "applying", "done", "failed", "replaced"] as const;

export const runView = z
  .object({
    id: z.string(),
    source: z.string(),
    begun: z
      .enum(RUN_BEGUN)
      .openapi({ description: "A file was sent; somebody asked for a fetch; or it was the night's hour." }),
    file_name: z.string(),
    state: z.enum(SHOWN_STATES).openapi({ description: "planned: it waits to be confirmed." }),
    total: z.int().openapi({ description: "Acts of the plan." }),
    applied: z.int(),
    counts: z.record(z.string(), z.int()),
    errors: z
      .array(noteSchema)
      .openapi({ description: "Why it failed, or whom it could not be done for: file, line, field, rule." }),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .openapi("RosterRun");
export const runDetail = runView
  .extend({ preview: z.union([previewSchema, z.null()]).openapi({ description: "Kept for a week." }) })
  .openapi("RosterRunDetail");

export const sourceView = z
  .object({
    name: z.string(),
    kind: z.enum(SOURCE_KINDS),
    format: z.enum(ROSTER_FORMATS),
    address: z.string().nullable(),
    has_token: z.boolean(),
    hour: z.int().nullable(),
    settings: settingsSchema,
    failures: z.int().openapi({ description: "Nights in a row on which nothing came of it." }),
    next_at: z.string().nullable(),
    last_run: z.union([runView, z.null()]),
  })
  .openapi("RosterSource");

export function viewRun({
  id,
  source,
  begun,
  file_name,
  state,
  total,
  applied,
  counts,
  errors,
  created_at,
  finished_at,
}: RunRow) {
  return {
    id,
    source,
    begun,
    file_name,
    state: state === "confirmed" ? ("applying" as const) : state,
    total,
    applied,
    counts: z.record(z.string(), z.int()).parse(JSON.parse(counts)),
    errors: z.array(noteSchema).parse(JSON.parse(errors)),
    created_at: toInstant(created_at),
    finished_at: toInstantOrNull(finished_at),
  };
}

export function viewSource(row: SourceRow, last: RunRow | null) {
  const { name, kind, format, address, hour, failures } = row;
  return {
    name,
    kind,
    format,
    address,
    has_token: row.secret !== null,
    hour,
    settings: settingsSchema.parse(JSON.parse(row.settings)),
    failures,
    next_at: toInstantOrNull(row.due_at),
    last_run: last === null ? null : viewRun(last),
  };
}
