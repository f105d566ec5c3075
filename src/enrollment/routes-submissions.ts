import { z } from "@hono/zod-openapi";
import { and, asc, eq, sql } from "drizzle-orm";
import { actorOf, defineRoute, newRouter, respond } from "../shared/http.ts";
import { toInstant } from "../shared/instants.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../shared/pagination.ts";
import { ok } from "../shared/results.ts";
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
    const { limit, cursor } = c.req.valid("query");
    const scope = `submissions ${actorOf(c).role}`;
    const after = cursor === undefined ? ok("0 ") : await decodeCursor(c.env.AUTH_SECRET, scope, cursor);
    if (!after.ok) return respond(c, after.refusal);
    const [instant = "0", id = ""] = after.value.split(" ");
    const rows = await c
      .get("db")
      .select()
      .from(submissions)
      .where(
        and(
          eq(submissions.status, sql`'pending'`),
          sql`(${submissions.submitted_at}, ${submissions.id}) > (${Number(instant)}, ${id})`,
        ),
      )
      .orderBy(asc(submissions.submitted_at), asc(submissions.id))
      .limit(limit + 1)
      .all();
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const hasMore = rows.length > limit && last !== undefined;
    return c.json(
      {
        results: page.map((row) => ({
          id: row.id,
          enrollment_id: row.enrollment_id,
          item: row.item_id,
          answer: row.answer,
          submitted_at: toInstant(row.submitted_at),
        })),
        next_cursor: hasMore ? await encodeCursor(c.env.AUTH_SECRET, scope, `${last.submitted_at} ${last.id}`) : null,
      },
      200,
    );
  });
}
