import { z } from "@hono/zod-openapi";
import { and, asc, eq, sql } from "drizzle-orm";
import { databaseOf, defineRoute, newRouter, respond } from "../shared/http.ts";
import { toInstant } from "../shared/instants.ts";
import { pageQuery, pageSchema, paginate } from "../shared/pagination.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import { submissions } from "./tables.ts";

const pendingRoute = defineRoute(
  { roles: ["service", "admin"], rule: "Services and admins." },
  {
    method: "get",
    path: "/submissions/pending",
    tags: ["unlock writes"],
    summary: "Submissions that wait for a verdict, oldest first, as D1 mirrors them",
    request: { query: z.object(pageQuery) },
    responses: {
      200: {
        description: "A page of pending submissions.",
        content: {
          "application/json": {
            schema: pageSchema(
              z
                .object({
                  id: z.string(),
                  enrollment_id: z.string(),
                  item: z.string(),
                  answer: z.string(),
                  submitted_at: z.string(),
                })
                .openapi("PendingSubmission"),
            ),
          },
        },
      },
    },
  },
);

/** What graders work from: submissions without an answer key. */
export function submissionRoutes() {
  return newRouter().openapi(pendingRoute, async (c) => {
    const found = await paginate(
      acceptedSecrets(c.env),
      "pending submissions",
      c.req.valid("query"),
      (after, take) => {
        const [instant = "0", id = ""] = after?.split(" ") ?? [];
        return databaseOf(c)
          .select()
          .from(submissions)
          .where(
            and(
              // Written out, so that the partial index of pending submissions is used.
              eq(submissions.status, sql`'pending'`),
              sql`(${submissions.submitted_at}, ${submissions.id}) > (${Number(instant)}, ${id})`,
            ),
          )
          .orderBy(asc(submissions.submitted_at), asc(submissions.id))
          .limit(take)
          .all();
      },
      (row) => `${row.submitted_at} ${row.id}`,
    );
    if (!found.ok) return respond(c, found.refusal);
    const results = found.value.page.map((row) => ({
      id: row.id,
      enrollment_id: row.enrollment_id,
      item: row.item_id,
      answer: row.answer,
      submitted_at: toInstant(row.submitted_at),
    }));
    return c.json({ results, next_cursor: found.value.next }, 200);
  });
}
