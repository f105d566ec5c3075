import { z } from "@hono/zod-openapi";
import { and, asc, eq, isNull, sql } from "drizzle-orm";
import { orderAudit } from "../audit/outbox.ts";
import { countedDatabase } from "../bindings.ts";
import { actorOf, databaseOf, defineRoute, idempotencyHeader, newRouter, respond } from "../shared/http.ts";
import { toInstant } from "../shared/instants.ts";
import { pageQuery, pageSchema, paginate } from "../shared/pagination.ts";
import { refuse } from "../shared/results.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import { idempotent } from "./idempotency.ts";
import { logEvent } from "./logging.ts";
import { deadLetters } from "./tables.ts";

/** Suffix that makes a queue's name its dead-letter queue's name; see wrangler.toml. */
export const DEAD_SUFFIX = "-dead";

/**
 * Writes down messages that failed their last retry. They are acknowledged only when written; the message id makes a
 * second delivery harmless.
 */
export async function storeDeadLetters(batch: MessageBatch<unknown>, env: Env, now: number): Promise<void> {
  const queue = batch.queue.slice(0, -DEAD_SUFFIX.length);
  const rows = batch.messages.map(({ id, body, attempts }) => ({
    id,
    queue,
    body: JSON.stringify(body) ?? "null",
    attempts,
    failed_at: now,
  }));
  const db = countedDatabase(env.DB, { count: 0 });
  await db.run(sql`
    INSERT INTO dead_letters (id, queue, body, attempts, failed_at)
    SELECT value ->> 'id', value ->> 'queue', value ->> 'body', value ->> 'attempts', value ->> 'failed_at'
    FROM json_each(${JSON.stringify(rows)}) WHERE true ON CONFLICT (id) DO NOTHING`);
  logEvent("dead_letters_stored", { queue, messages: rows.length });
  batch.ackAll();
}

const TAGS = ["system"];
const letterView = z
  .object({ id: z.string(), queue: z.string(), body: z.unknown(), attempts: z.int(), failed_at: z.string() })
  .openapi("DeadLetter");
const listRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "get",
    path: "/system/dead-letters",
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
  { roles: ["admin"], rule: "Admins.", rate: "write" },
  {
    method: "post",
    path: "/system/dead-letters/{id}/replay",
    tags: TAGS,
    summary: "Send a dead letter to its queue again",
    middleware: [idempotent()],
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
      // Sent first, noted after: a crash between sends it twice, which every consumer takes, and never not at all.
      await queue.send(JSON.parse(letter.body));
      await db
        .update(deadLetters)
        .set({ replayed_at: Date.now(), replayed_by: actorOf(c).id })
        .where(eq(deadLetters.id, id));
      return c.json({ id, queue: letter.queue }, 202);
    });
}

function queueNamed(env: Env, name: string): Queue | null {
  if (name === "latchkey-projection") return env.PROJECTION_QUEUE;
  if (name === "latchkey-refresh") return env.REFRESH_QUEUE;
  if (name === "latchkey-backup") return env.BACKUP_QUEUE;
  if (name === "latchkey-insight") return env.INSIGHT_QUEUE;
  return name === "latchkey-events" ? env.EVENT_QUEUE : null;
}
