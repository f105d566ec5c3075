import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit, type OwnEntry } from "../../audit/index.ts";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { pageSchema } from "../../platform/http/pagination.ts";
import { refuse } from "../../platform/results.ts";
import { seal } from "../../platform/sealed.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { dropRules } from "../groups/statements.ts";
import { discover } from "./discovery.ts";
import { MAX_PROVIDERS, providerBody, providerNameSchema, providerView } from "./shapes.ts";
import { allProviders, dropProvider, setProvider } from "./statements.ts";
import { findProvider, secretPlace, viewProvider } from "./store.ts";
import type { ProviderRow } from "./tables.ts";

const TAGS = ["identity"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const params = z.object({ provider: providerNameSchema });

const listRoute = defineRoute(
  { roles: ["admin"] },
  {
    method: "get",
    path: "/identity-providers",
    operationId: "listIdentityProviders",
    tags: TAGS,
    summary: "Identity providers, with the last sign-in by each and why the last failure was one",
    responses: { 200: { description: "All of them.", content: json(pageSchema(providerView)) } },
  },
);
const setRoute = defineRoute(
  { roles: ["admin"], rate: "write", maxBody: 200_000 },
  {
    method: "put",
    path: "/identity-providers/{provider}",
    operationId: "setIdentityProvider",
    tags: TAGS,
    summary: "Make or change an identity provider; its discovery document is read at once",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params, body: { required: true, content: json(providerBody) } },
    responses: { 200: { description: "The provider.", content: json(providerView) } },
  },
);
const removeRoute = defineRoute(
  { roles: ["admin"], rate: "write" },
  {
    method: "delete",
    path: "/identity-providers/{provider}",
    operationId: "removeIdentityProvider",
    tags: TAGS,
    summary: "Remove an identity provider; whoever came by it stays, and nobody comes by it any more",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params },
    responses: {
      200: {
        description: "Removed. `changed`: whether it was there before.",
        content: json(z.object({ name: z.string(), changed: z.boolean() }).openapi("IdentityProviderRemoved")),
      },
    },
  },
);

/** Identity providers, as admins set them. */
export function providerRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const { results } = await allProviders(directory(c.env), MAX_PROVIDERS).all<ProviderRow>();
      const origin = publicOrigin(c.env, c.req.url);
      return c.json({ results: results.map((row) => viewProvider(row, origin)), next_cursor: null }, 200);
    })
    .openapi(setRoute, async (c) => {
      const { provider: name } = c.req.valid("param");
      const body = c.req.valid("json");
      const server = await discover(c.env, body.issuer, true);
      if (!server.ok) return respond(c, server.refusal);
      const { issuer, jwks_uri } = server.value;
      const before = await findProvider(c.env, name);
      // A secret goes to the issuer it was set for, never to another that somebody enters later.
      const kept = before?.issuer === issuer ? before.secret : null;
      const { client_secret: given } = body;
      const secret =
        given === undefined
          ? kept
          : given === null
            ? null
            : await seal(acceptedSecrets(c.env), secretPlace(name, issuer), given);
      const db = directory(c.env);
      const [set] = await db.batch([
        setProvider(
          db,
          name,
          body.label,
          issuer,
          jwks_uri,
          body.client_id,
          secret,
          JSON.stringify(body.settings),
          body.sign_in ? 1 : 0,
          body.audience,
          body.top_role,
          Date.now(),
          MAX_PROVIDERS,
        ),
        entryAbout(c, "identity_provider.set", name),
      ]);
      nudgeAudit(c);
      const row = await findProvider(c.env, name);
      if ((set?.meta.changes ?? 0) > 0 && row !== null) {
        return c.json(viewProvider(row, publicOrigin(c.env, c.req.url)), 200);
      }
      const message = `Another provider has this issuer, or there are ${MAX_PROVIDERS} already.`;
      const errors = [{ path: "issuer", rule: "taken", message }];
      return respond(c, refuse("invalid_input", { errors }).refusal);
    })
    .openapi(removeRoute, async (c) => {
      const { provider: name } = c.req.valid("param");
      const db = directory(c.env);
      const [dropped] = await db.batch([
        dropProvider(db, name),
        dropRules(db, name),
        entryAbout(c, "identity_provider.removed", name),
      ]);
      nudgeAudit(c);
      return c.json({ name, changed: (dropped?.meta.changes ?? 0) > 0 }, 200);
    });
}

function entryAbout(c: AppContext, action: OwnEntry["action"], name: string): D1PreparedStatement {
  const target = { type: "identity_provider", id: name };
  const entry = { action, actor: actorOf(c), target, request_id: c.get("requestId") };
  return addAuditEntryStatement(directory(c.env), entry, Date.now());
}
