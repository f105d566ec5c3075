import { z } from "@hono/zod-openapi";
import { IMPORT_FORMATS, impactSchema } from "../courses/index.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import type { ImportRow } from "./tables.ts";

const count = z.int().min(0);

/** Gates and completion settings of the source by how exactly they were mapped. */
export const countsSchema = z.object({ exact: count, approximated: count, unmapped: count });
/** Why an import failed. */
export const errorsSchema = z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() }));

const fields = {
  id: z.string(),
  owner_id: z.string(),
  format: z.enum(IMPORT_FORMATS),
  course: z.string(),
  name: z.string().openapi({ description: "Of the archive." }),
  size: z.int().openapi({ description: "Of the archive, bytes." }),
  sha256: z.string().openapi({ description: "Of the archive, in hex." }),
  state: z.enum(["queued", "reading", "checking", "done", "failed"]),
  bytes_read: z.int().openapi({ description: "Bytes of `size` that the present attempt has read." }),
  attempts: z.int(),
  version: z.int().nullable().openapi({ description: "The draft, once it is stored. It is not active." }),
  counts: countsSchema.nullable().openapi({
    description:
      "Rules and completion settings by verdict: exact, approximated, unmapped. Null until the archive was read.",
  }),
  has_report: z.boolean(),
  errors: errorsSchema.openapi({ description: "Why it failed, or why the last attempt did: file, place, rule." }),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
};

export const importView = z.object(fields).openapi("CourseImport");

export const importDetail = z
  .object({
    ...fields,
    impact: z.union([impactSchema, z.null()]).openapi({
      description:
        "What activating the draft would change for learners; null while there is no draft, or nobody is enrolled.",
    }),
  })
  .openapi("CourseImportDetail");

/** An import as answers show it. @throws for one whose archive has not arrived: it is shown to nobody. */
export function viewImport(row: ImportRow): z.input<typeof importView> {
  const { state, sha256 } = row;
  if (state === "receiving" || sha256 === null) throw new Error("an import without its archive is shown to nobody");
  return {
    id: row.id,
    owner_id: row.owner,
    format: row.format,
    course: row.course_slug,
    name: row.name,
    size: row.size,
    sha256,
    state,
    bytes_read: row.bytes_read,
    attempts: row.attempts,
    version: row.version,
    counts: row.counts === null ? null : countsSchema.parse(JSON.parse(row.counts)),
    has_report: row.reported === 1 && row.held === 1,
    errors: errorsSchema.parse(JSON.parse(row.errors)),
    created_at: toInstant(row.created_at),
    started_at: toInstantOrNull(row.started_at),
    finished_at: toInstantOrNull(row.finished_at),
  };
}
