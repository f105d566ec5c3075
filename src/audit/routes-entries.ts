import { z } from "@hono/zod-openapi";
import { respond } from "../platform/http/answers.ts";
import { attachment } from "../platform/http/attachment.ts";
import { databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { broken } from "../platform/http/field-errors.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { instantSchema } from "../platform/instants.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { fitsSearch } from "../platform/words.ts";
import { exportStream, FORMATS } from "./export.ts";
import { orderAudit } from "./outbox.ts";
import { type AuditFilter, findEntries, namedEntries, positionOf, storedFilter } from "./query.ts";
import { ADMINS, json, NO_STORE, TAGS } from "./routes-common.ts";
import { MAIN_CHAIN } from "./stubs.ts";
import { entryView, viewEntry } from "./view.ts";

const filterQuery = {
  actor: z.string().min(1).max(64).optional(),
  action: z.string().min(1).max(64).optional(),
  target: z.string().min(1).max(200).optional().openapi({ description: "Id of the target of the action." }),
  enrollment: z.string().min(3).max(200).optional().openapi({ description: "Entries about this enrollment." }),
  target_type: z.string().min(1).max(40).optional(),
  from: instantSchema.optional().openapi({ description: "Received at this instant or later." }),
  to: instantSchema.optional().openapi({ description: "Received before this instant." }),
  q: z
    .string()
    .min(1)
    .max(200)
    .refine(fitsSearch, broken("too_big", "at most 64 words; each pair of Chinese characters counts as one word"))
    .optional()
    .openapi({ description: "All these words must occur. Chinese needs no spaces." }),
};

const listRoute = defineRoute(ADMINS, {
  method: "get",
  path: "/audit/logs",
  operationId: "listAuditEntries",
  tags: TAGS,
  summary: "Entries, filtered and searched, newest first",
  request: { query: z.object({ ...pageQuery, ...filterQuery }) },
  responses: { 200: { description: "A page of entries.", content: json(pageSchema(entryView)) } },
});

const exportRoute = defineRoute(ADMINS, {
  method: "get",
  path: "/audit/logs/export",
  operationId: "exportAuditEntries",
  tags: TAGS,
  summary: "A streamed file of entries, newest first; the export itself is recorded",
  request: { query: z.object({ ...filterQuery, format: z.enum(FORMATS).default("csv") }) },
  responses: {
    200: {
      description: 'CSV, or one JSON entry on each line and `{"end": true, "entries": n}` on the last line.',
      content: { "text/csv": { schema: z.string() }, "text/jsonl": { schema: z.string() } },
    },
  },
});

export function entryRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const { limit, cursor, ...given } = c.req.valid("query");
      const db = databaseOf(c);
      const filter = await storedFilter(db, filterOf(given));
      const found = await paginate(
        acceptedSecrets(c.env),
        `audit ${JSON.stringify(filter)}`,
        { limit, cursor },
        (after, take) => findEntries(db, filter, after === null ? null : Number(after), take),
        (row) => String(positionOf(filter, row)),
      );
      if (!found.ok) return respond(c, found.refusal);
      const page = await namedEntries(db, found.value.page);
      return c.json({ results: page.map(viewEntry), next_cursor: found.value.next }, 200, NO_STORE);
    })
    .openapi(exportRoute, async (c) => {
      const { format, ...given } = c.req.valid("query");
      const ordered = await orderAudit(c, {
        action: "audit.exported",
        target: { type: "audit_chain", id: MAIN_CHAIN },
        details: { kind: format },
      });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const type = format === "csv" ? "text/csv" : "text/jsonl";
      return new Response(exportStream(databaseOf(c), filterOf(given), format), {
        headers: {
          ...NO_STORE,
          "content-type": `${type}; charset=utf-8`,
          "content-disposition": attachment(`audit.${format}`),
        },
      });
    });
}

function filterOf({
  from,
  to,
  ...rest
}: Omit<AuditFilter, "from" | "to"> & { from?: string | undefined; to?: string | undefined }): AuditFilter {
  return {
    ...rest,
    ...(from === undefined ? {} : { from: Date.parse(from) }),
    ...(to === undefined ? {} : { to: Date.parse(to) }),
  };
}
