import { z } from "@hono/zod-openapi";
import { IMPORT_FORMATS, impactSchema } from "../courses/index.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { PART_BYTES, PARTS_TTL_MS } from "./limits.ts";
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

/** An import in the form of answers. @throws for one whose archive has not arrived: it is not shown. */
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

export const uploadView = z
  .object({
    id: z.string().openapi({ description: "Of the upload; the import has the same one once the archive is there." }),
    format: z.enum(IMPORT_FORMATS),
    course: z.string(),
    name: z.string(),
    size: z.int().openapi({ description: "Of the archive, bytes." }),
    part_size: z.int().openapi({ description: "Bytes of each part; the last one has the rest." }),
    parts: z.int().openapi({ description: "How many parts there are; the first is 1." }),
    received: z.array(z.int()).openapi({ description: "Parts that have arrived." }),
    state: z.enum(["receiving", "received"]).openapi({ description: "received: the import has its archive." }),
    expires_at: z.string().openapi({ description: "What has not arrived then is given up." }),
  })
  .openapi("ImportUpload");

/** An upload in parts in the form of answers. @param received numbers of the parts that have arrived. */
export function viewUpload(row: ImportRow, received: number[]): z.input<typeof uploadView> {
  return {
    id: row.id,
    format: row.format,
    course: row.course_slug,
    name: row.name,
    size: row.size,
    part_size: PART_BYTES,
    parts: Math.ceil(row.size / PART_BYTES),
    received,
    state: row.state === "receiving" ? "receiving" : "received",
    expires_at: toInstant(row.created_at + PARTS_TTL_MS),
  };
}

export const peopleJobView = z
  .object({
    id: z.string(),
    kind: z.enum(["roster", "people"]).openapi({ description: "A look at the people of an archive, or their import." }),
    course: z.string(),
    state: z.enum(["queued", "reading", "done", "failed"]),
    applied: z.int().openapi({ description: "Learners and facts that are done, of `total`." }),
    total: z.int(),
    counts: z.record(z.string(), z.int()).openapi({ description: "What came of learners and facts." }),
    errors: errorsSchema.openapi({ description: "Who and what could not be placed, or why the job failed." }),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .openapi("ImportPeopleJob");

/** A job about the people of an archive, in the form of answers. */
export function viewPeopleJob(row: ImportRow): z.input<typeof peopleJobView> {
  return {
    id: row.id,
    kind: row.kind === "people" ? "people" : "roster",
    course: row.course_slug,
    state: row.state === "receiving" || row.state === "checking" ? "reading" : row.state,
    applied: row.applied,
    total: row.kind === "people" ? row.size : 0,
    counts: z.record(z.string(), z.int()).parse(JSON.parse(row.counts ?? "{}")),
    errors: errorsSchema.parse(JSON.parse(row.errors)),
    created_at: toInstant(row.created_at),
    finished_at: toInstantOrNull(row.finished_at),
  };
}
