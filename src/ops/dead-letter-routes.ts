import { z } from "@hono/zod-openapi";
import { and, asc, eq, isNull, sql } from "drizzle-orm";
import { orderAudit } from "../audit/index.ts";
import { directory } from "../platform/database/shards.ts";
import { deadLetters } from "../platform/database/tables.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { toInstant } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import { noteReplayed } from "../platform/queue/dead-letters.ts";
import { refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";

const TAGS = ["system"];
const letterView = z
  .object({ id: z.string(), queue: z.string(), body: z.unknown(), attempts: z.int(), failed_at: z.string() })
  .openapi("DeadLetter");
const listRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins." },
  {
    method: "get",
    path: "/system/dead-letters",
    operationId: "listDeadLetters",
    tags: TAGS,
    summary: "Messages that failed their last retry and were not replayed yet, oldest first",
    request: { query: z.object(pageQuery) },
    responses: {
      200: {
        description: "A page of dead letters.",
        content: { "application/json": { schema: pageSchema(letterView) } },
      },
    },
  },
);
const replayRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins.", rate: "write", refuses: ["not_found"] },
  {
    method: "post",
    path: "/system/dead-letters/{id}/replay",
    operationId: "replayDeadLetter",
    tags: TAGS,
    summary: "Send a dead letter to its queue again",
    middleware: [idempotent("never")],
    request: { headers: idempotencyHeader, params: z.object({ id: z.string().min(1).max(100) }) },
    responses: {
      202: {
        description: "Sent.",
        content: { "application/json": { schema: z.object({ id: z.string(), queue: z.string() }) } },
      },
    },
  },
);

export function deadLetterRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const found = await paginate(
        acceptedSecrets(c.env),
        "dead letters",
        c.req.valid("query"),
        (after, take) => {
          const [instant = "0", id = ""] = after?.split(" ") ?? [];
          return databaseOf(c)
            .select()
            .from(deadLetters)
            .where(
              and(
                isNull(deadLetters.replayed_at),
                sql`(${deadLetters.failed_at}, ${deadLetters.id}) > (${Number(instant)}, ${id})`,
              ),
            )
            .orderBy(asc(deadLetters.failed_at), asc(deadLetters.id))
            .limit(take)
            .all();
        },
        (row) => `${row.failed_at} ${row.id}`,
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = found.value.page.map((row) => ({
        id: row.id,
        queue: row.queue,
        body: z.unknown().parse(JSON.parse(row.body)),
        attempts: row.attempts,
        failed_at: toInstant(row.failed_at),
      }));
      return c.json({ results, next_cursor: found.value.next }, 200);
    })
    .openapi(replayRoute, async (c) => {
      const { id } = c.req.valid("param");
      const db = databaseOf(c);
      const letter = await db.select().from(deadLetters).where(eq(deadLetters.id, id)).get();
      if (letter === undefined) return respond(c, refuse("not_found").refusal);
      const queue = queueNamed(c.env, letter.queue);
      if (queue === null) return respond(c, refuse("not_found").refusal);
      const target = { type: "dead_letter", id };
      const ordered = await orderAudit(c, { action: "dead_letter.replayed", target, details: { queue: letter.queue } });
      if (!ordered.ok) return respond(c, ordered.refusal);
      // Sent first and noted after: after a crash in between, the message is sent twice, which every consumer accepts,
      // and it is never lost.
      try {
        await queue.send(JSON.parse(letter.body));
      } catch (fault) {
        logFault("dead_letter_not_sent", fault, { queue: letter.queue });
        return respond(c, refuse("unavailable", { detail: "The queue did not accept it.", retry_after: 1 }).refusal);
      }
      try {
        await noteReplayed(directory(c.env), letter, actorOf(c).id, Date.now());
      } catch (fault) {
        logFault("replay_not_noted", fault, { queue: letter.queue }); // it stays listed; sending it once more is harmless
      }
      return c.json({ id, queue: letter.queue }, 202);
    });
}

function queueNamed(env: Env, name: string): Queue | null {
  if (name === "latchkey-projection") return env.PROJECTION_QUEUE;
  if (name === "latchkey-refresh") return env.REFRESH_QUEUE;
  if (name === "latchkey-backup") return env.BACKUP_QUEUE;
  if (name === "latchkey-insight") return env.INSIGHT_QUEUE;
  if (name === "latchkey-imports") return env.IMPORT_QUEUE;
  if (name === "latchkey-mail") return env.MAIL_QUEUE;
  if (name === "latchkey-webhooks") return env.WEBHOOK_QUEUE;
  return name === "latchkey-events" ? env.EVENT_QUEUE : null;
}
