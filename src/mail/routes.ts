import { z } from "@hono/zod-openapi";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { toInstant } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { mailRow, writtenOf } from "./send.ts";
import { MAIL_KINDS } from "./shapes.ts";
import { newestMails } from "./statements.ts";
import { isLocal } from "./where.ts";

const mailView = z
  .object({
    id: z.string(),
    to: z.string(),
    kind: z.enum(MAIL_KINDS),
    subject: z.string(),
    text: z.string(),
    html: z.string(),
    created_at: z.string(),
  })
  .openapi("LocalMail");

const listRoute = defineRoute(
  {
    roles: "public",
    rule: "Only on a local installation, where mail is kept and not sent.",
    rate: "write",
    refuses: ["not_enabled"],
  },
  {
    method: "get",
    path: "/system/mails",
    operationId: "listLocalMails",
    tags: ["mail"],
    summary: "The mails that a local installation has kept, the newest first",
    request: { query: z.object(pageQuery) },
    responses: {
      200: { description: "A page of mails.", content: { "application/json": { schema: pageSchema(mailView) } } },
    },
  },
);

const NOT_HERE = refuse("not_enabled", { detail: "Mail is shown on a local installation only." });

/**
 * The page that shows mails on one's own machine. Somebody who forgot a password is not signed in, so it needs no
 * token.
 */
export function mailRoutes() {
  return newRouter().openapi(listRoute, async (c) => {
    if (!isLocal(c.env)) return respond(c, NOT_HERE.refusal);
    const found = await paginate(
      acceptedSecrets(c.env),
      "mails",
      c.req.valid("query"),
      async (after, take) => {
        const [before = String(Number.MAX_SAFE_INTEGER), id = ""] = after?.split(" ") ?? [];
        const { results } = await newestMails(directory(c.env), Number(before), id, take).all();
        return results.map((row) => mailRow.parse(row));
      },
      ({ created_at, id }) => `${created_at} ${id}`,
    );
    if (!found.ok) return respond(c, found.refusal);
    const results = await Promise.all(
      found.value.page.map(async (row) => ({
        id: row.id,
        to: row.address,
        kind: row.kind,
        ...(await writtenOf(c.env, row)),
        created_at: toInstant(row.created_at),
      })),
    );
    return c.json({ results, next_cursor: found.value.next }, 200, { "cache-control": "no-store" });
  });
}
