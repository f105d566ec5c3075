import { z } from "@hono/zod-openapi";
import { defineRoute } from "../platform/http/define-route.ts";
import { pageQuery, pageSchema } from "../platform/http/pagination.ts";
import { ERASURES } from "./erase-again.ts";
import { BACKUP_ID, FILE_NAME, MANIFEST } from "./format.ts";

const TAGS = ["backups"];
const POLICY = { roles: ["admin"], scope: "backup", rule: "Admins." } as const;
/** A part is some megabytes before it is compressed; far more than it can have after. */
const MAX_PART = 32_000_000;

/** What opening the manifest of a backup may find. */
const MANIFEST_REFUSALS = ["backup_manifest_tampered", "backup_schema_mismatch"] as const;

const backupId = z.string().regex(BACKUP_ID, "an id from the list of backups").openapi({
  example: "20261125T020000000Z-0a1b2c3d",
});
const fileName = z
  .string()
  .regex(FILE_NAME, "the manifest, or a part that the manifest names")
  .openapi({ example: MANIFEST });
const byId = z.object({ backup: backupId });
const byFile = z.object({ backup: backupId, file: fileName });

export const backupView = z
  .object({
    id: z.string(),
    state: z.enum(["running", "finished", "damaged"]),
    kind: z
      .enum(["full", "changes"])
      .nullable()
      .openapi({ description: "full: everything. changes: the changes since `parent`. Null: not known." }),
    parent: z
      .string()
      .nullable()
      .openapi({ description: "The backup that this one is built on. A restore needs it too." }),
    mark: z.string().openapi({
      description: "Everything acknowledged before this instant is in the backup, or in the backups it is built on.",
    }),
    finished_at: z.string().nullable(),
    rows: z.int(),
    bytes: z.int(),
    parts: z.int(),
    objects: z.int().openapi({ description: "Enrollment objects that were copied." }),
    d1_rows_read: z.int().openapi({ description: "Rows of D1 that were read for the backup." }),
    unreadable: z.int().openapi({ description: "Objects that could not be copied." }),
    verified_at: z.string().nullable(),
  })
  .openapi("Backup");
const workView = z
  .object({
    task: z.enum(["backup", "check", "verify", "restore"]),
    job: z.string(),
    done: z.boolean(),
    rows: z.int(),
    left_out: z.int().openapi({
      description: "Rows written after the mark, about something that did not exist at the mark.",
    }),
    erased_again: z.int().optional().openapi({ description: "Users in the backup who were erased after it." }),
    missing_files: z.int().openapi({ description: "Users' files whose bytes are not in this deployment's bucket." }),
    ms: z.int().openapi({ description: "Since the job began." }),
  })
  .openapi("BackupWork");

const signedList = z
  .strictObject({
    erasures: z.object({ format: z.int(), at: z.int(), subjects: z.array(z.string()) }),
    signature: z.string(),
  })
  .openapi("SignedErasures");

export const beginRoute = defineRoute(
  { ...POLICY, rate: "write" },
  {
    method: "post",
    path: "/system/backups",
    operationId: "startBackup",
    tags: TAGS,
    summary: "Begin a backup, or join the one under way; it continues by itself",
    request: {
      body: {
        required: false,
        content: {
          "application/json": {
            schema: z.strictObject({
              full: z.boolean().optional().openapi({
                description: "true: take a full copy, even if a link is possible. A backup under way is not changed.",
              }),
            }),
          },
        },
      },
    },
    responses: {
      202: { description: "The backup.", content: { "application/json": { schema: backupView } } },
    },
  },
);
export const listRoute = defineRoute(POLICY, {
  method: "get",
  path: "/system/backups",
  operationId: "listBackups",
  tags: TAGS,
  summary: "Backups, oldest first",
  request: { query: z.object(pageQuery) },
  responses: {
    200: { description: "A page of backups.", content: { "application/json": { schema: pageSchema(backupView) } } },
  },
});
export const readRoute = defineRoute(
  { ...POLICY, refuses: ["not_found", ...MANIFEST_REFUSALS] },
  {
    method: "get",
    path: "/system/backups/{backup}",
    operationId: "getBackup",
    tags: TAGS,
    summary: "One backup",
    request: { params: byId },
    responses: { 200: { description: "The backup.", content: { "application/json": { schema: backupView } } } },
  },
);
/** What carrying a backup out, checking it or restoring it may find. */
const WORK_REFUSALS = [
  "shards_full",
  "not_found",
  "concurrent_change",
  "backup_incomplete",
  "backup_link_missing",
  ...MANIFEST_REFUSALS,
  "backup_part_missing",
  "backup_part_truncated",
  "backup_part_damaged",
  "backup_part_swapped",
  "erasures_tampered",
  "restore_differs",
  "restore_erasures_unknown",
  "restore_target_not_empty",
] as const;
export const workRoute = defineRoute(
  { ...POLICY, refuses: WORK_REFUSALS },
  {
    method: "post",
    path: "/system/backups/{backup}/work",
    operationId: "workOnBackup",
    tags: TAGS,
    summary: "Take, check, verify or restore a backup for some seconds; repeat until it is done",
    request: {
      params: byId,
      body: {
        required: true,
        content: {
          "application/json": {
            schema: z.strictObject({
              task: z.enum(["backup", "check", "verify", "restore"]).openapi({
                description:
                  "check opens every part. verify also restores the backup into an empty scratch store, compares it and reads it. " +
                  "restore writes into this deployment, which must be empty.",
              }),
              job: z
                .string()
                .regex(/^[a-zA-Z0-9-]{1,100}$/)
                .optional()
                .openapi({ description: "`job` of the previous answer; without it a new job begins." }),
              erasures: z
                .enum(ERASURES)
                .optional()
                .openapi({
                  description:
                    "Required when a restore begins: where to find the users who were erased after the backup, so that " +
                    "they are erased again. list: a list of erasures was uploaded. bucket: this is the bucket that the lost " +
                    "deployment wrote to. none: nobody was erased.",
                }),
            }),
          },
        },
      },
    },
    responses: {
      200: { description: "The present state.", content: { "application/json": { schema: workView } } },
    },
  },
);
export const fileRoute = defineRoute(
  { ...POLICY, refuses: ["not_found"] },
  {
    method: "get",
    path: "/system/backups/{backup}/files/{file}",
    operationId: "getBackupFile",
    tags: TAGS,
    summary: "A file of a backup: its manifest or a part",
    request: { params: byFile },
    responses: {
      200: {
        description: "The bytes.",
        content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
      },
    },
  },
);
export const bringRoute = defineRoute(
  { ...POLICY, maxBody: MAX_PART },
  {
    method: "put",
    path: "/system/backups/{backup}/files/{file}",
    operationId: "putBackupFile",
    tags: TAGS,
    summary: "Upload a file of a backup that was kept elsewhere; an existing file is never overwritten",
    request: {
      params: byFile,
      body: {
        required: true,
        content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
      },
    },
    responses: {
      200: {
        description: "Whether it was written; false if the file exists already.",
        content: { "application/json": { schema: z.object({ created: z.boolean() }) } },
      },
    },
  },
);

export const listErasuresRoute = defineRoute(POLICY, {
  method: "get",
  path: "/system/erasures",
  operationId: "getErasureList",
  tags: TAGS,
  summary: "The list of erasures, signed: hashes of the ids of everybody who was ever erased, for a restore elsewhere",
  responses: {
    200: {
      description: "Keep it where you keep copies of backups.",
      content: { "application/json": { schema: signedList } },
    },
  },
});
export const bringErasuresRoute = defineRoute(
  { ...POLICY, maxBody: MAX_PART, rate: "write", refuses: ["erasures_tampered"] },
  {
    method: "put",
    path: "/system/erasures",
    operationId: "putErasureList",
    tags: TAGS,
    summary: "Upload a list of erasures: known users on it are erased; a restore can use it",
    request: { body: { required: true, content: { "application/json": { schema: signedList } } } },
    responses: {
      200: {
        description: "Taken.",
        content: { "application/json": { schema: z.object({ at: z.string(), subjects: z.int() }) } },
      },
    },
  },
);
