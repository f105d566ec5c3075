import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../../audit/index.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { pageQuery, pageSchema, paginate } from "../../platform/http/pagination.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import type { AdminRef } from "../users.ts";
import { createKeyBody, keyIdSchema, keyView, rotateKeyBody, shownKeyView, viewKey } from "./schemas.ts";
import { createKey, findKeys, readKey, revokeKey, rotateKey } from "./store.ts";

const TAGS = ["identity"];
const RULE = "Admins. No key gives access to keys.";
/** Keys are shown once: no cache may keep them. */
const NO_STORE = { "cache-control": "no-store" };

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const body = <T extends z.ZodType>(schema: T) => ({ body: { required: true, content: json(schema) } });
const answer = <T extends z.ZodType>(description: string, schema: T) => ({ description, content: json(schema) });
const params = z.object({ id: keyIdSchema });

// An answer with a key is never kept under an Idempotency-Key: a repeated creation makes a second key, which is listed
// and can be revoked.

const createRoute = defineRoute(
  { roles: ["admin"], rule: RULE, rate: "write", refuses: ["quota_exceeded"] },
  {
    method: "post",
    path: "/keys",
    operationId: "createKey",
    tags: TAGS,
    summary: "Create a service's key, limited to courses and scopes",
    request: body(createKeyBody),
    responses: { 201: answer("Created. The key is shown this once.", shownKeyView) },
  },
);
const listRoute = defineRoute(
  { roles: ["admin"], rule: RULE },
  {
    method: "get",
    path: "/keys",
    operationId: "listKeys",
    tags: TAGS,
    summary: "List keys by id, also those that ended in the last 90 days",
    request: { query: z.object(pageQuery) },
    responses: { 200: answer("A page of keys.", pageSchema(keyView)) },
  },
);
const readRoute = defineRoute(
  { roles: ["admin"], rule: RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: "/keys/{id}",
    operationId: "getKey",
    tags: TAGS,
    summary: "Read a key, without its secret",
    request: { params },
    responses: { 200: answer("The key.", keyView) },
  },
);
const rotateRoute = defineRoute(
  { roles: ["admin"], rule: RULE, rate: "write", refuses: ["not_found", "concurrent_change"] },
  {
    method: "post",
    path: "/keys/{id}/rotate",
    operationId: "rotateKey",
    tags: TAGS,
    summary: "Replace the secret of a key; for a while, the old and the new one both work",
    request: { params, ...body(rotateKeyBody) },
    responses: { 200: answer("The new key is shown this once.", shownKeyView) },
  },
);
const revokeRoute = defineRoute(
  { roles: ["admin"], rule: RULE, rate: "write", refuses: ["not_found"] },
  {
    method: "delete",
    path: "/keys/{id}",
    operationId: "revokeKey",
    tags: TAGS,
    summary: "Revoke a key: its writes end at once, its reads within a minute",
    request: { params },
    responses: { 204: { description: "The key does not work any more." } },
  },
);

/** Keys of services, to be mounted at /api/v1. */
export function keyRoutes() {
  return newRouter()
    .openapi(createRoute, async (c) => {
      const now = Date.now();
      const created = await createKey(databaseOf(c), c.req.valid("json"), adminOf(c), now);
      if (!created.ok) return respond(c, created.refusal);
      nudgeAudit(c);
      return c.json({ ...viewKey(created.value.row, now), key: created.value.key }, 201, NO_STORE);
    })
    .openapi(listRoute, async (c) => {
      const now = Date.now();
      const found = await paginate(
        acceptedSecrets(c.env),
        "service keys",
        c.req.valid("query"),
        (after, take) => findKeys(databaseOf(c), after ?? "", take),
        ({ id }) => id,
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = found.value.page.map((row) => viewKey(row, now));
      return c.json({ results, next_cursor: found.value.next }, 200, NO_STORE);
    })
    .openapi(readRoute, async (c) => {
      const found = await readKey(databaseOf(c), c.req.valid("param").id);
      return found.ok ? c.json(viewKey(found.value, Date.now()), 200, NO_STORE) : respond(c, found.refusal);
    })
    .openapi(rotateRoute, async (c) => {
      const now = Date.now();
      const { id } = c.req.valid("param");
      const rotated = await rotateKey(c.env, databaseOf(c), id, c.req.valid("json"), adminOf(c), now);
      if (!rotated.ok) return respond(c, rotated.refusal);
      nudgeAudit(c);
      return c.json({ ...viewKey(rotated.value.row, now), key: rotated.value.key }, 200, NO_STORE);
    })
    .openapi(revokeRoute, async (c) => {
      const revoked = await revokeKey(c.env, databaseOf(c), c.req.valid("param").id, adminOf(c), Date.now());
      if (!revoked.ok) return respond(c, revoked.refusal);
      nudgeAudit(c);
      return c.body(null, 204);
    });
}

function adminOf(c: AppContext): AdminRef {
  const { id, role } = actorOf(c);
  return { id, role, request_id: c.get("requestId") };
}
