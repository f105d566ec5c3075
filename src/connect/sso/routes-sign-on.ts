import { z } from "@hono/zod-openapi";
import { noteRefusedSignIn, nudgeAudit } from "../../audit/index.ts";
import { loadOutside } from "../../identity/index.ts";
import { STEP_REQUIRED, signedInView } from "../../identity/shapes.ts";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { logFault } from "../../platform/log.ts";
import { type Refusal, type Result, refuse } from "../../platform/results.ts";
import { placeClaimed } from "../groups/place.ts";
import { admit } from "./admit.ts";
import { readComer, turnedAway } from "./claims.ts";
import { discover } from "./discovery.ts";
import { beginFlow, completeFlow, isOfProvider, type SignOnProvider } from "./flow.ts";
import { begunView, buttonsView, completeBody, MAX_PROVIDERS, providerNameSchema } from "./shapes.ts";
import { noteFailure, noteSignIn, providerButtons } from "./statements.ts";
import { openProvider, redirectOf } from "./store.ts";

const TAGS = ["identity"];
const NO_STORE = { "cache-control": "no-store" };
const params = z.object({ provider: providerNameSchema });
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const MAX_FAILURE = 200;

const listRoute = defineRoute(
  { roles: "public", rate: "write" },
  {
    method: "get",
    path: "/auth/sign-on",
    operationId: "listSignOnButtons",
    tags: TAGS,
    summary: "Identity providers to sign in with",
    responses: { 200: { description: "All of them.", content: json(buttonsView) } },
  },
);
const beginRoute = defineRoute(
  { roles: "public", rate: "sign-in", refuses: ["not_found", "not_enabled"] },
  {
    method: "post",
    path: "/auth/sign-on/{provider}/begin",
    operationId: "beginSignOn",
    tags: TAGS,
    summary: "Begin to sign in with an identity provider",
    request: { params },
    responses: { 200: { description: "Where the browser goes now.", content: json(begunView) } },
  },
);
const completeRoute = defineRoute(
  {
    roles: "public",
    rule: "The provider says who it is. Each sign-in is good once, for ten minutes, in the tab that began it.",
    rate: "sign-in",
    maxBody: 16_384,
    refuses: ["not_found", "not_enabled", "sign_on_refused", "forbidden", "concurrent_change", STEP_REQUIRED],
  },
  {
    method: "post",
    path: "/auth/sign-on/{provider}/complete",
    operationId: "completeSignOn",
    tags: TAGS,
    summary: "Sign in with what an identity provider has answered",
    request: { params, body: { required: true, content: json(completeBody) } },
    responses: { 200: { description: "Signed in.", content: json(signedInView) } },
  },
);

const NO_ORIGIN = refuse("not_enabled", {
  detail: "The variable PUBLIC_URL is not set: the provider would not know where to send anybody back to.",
});

/** Signing in with an identity provider. */
export function signOnRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      if (publicOrigin(c.env, c.req.url) === null) return c.json({ results: [] }, 200);
      const { results } = await providerButtons(directory(c.env), MAX_PROVIDERS).all<{ name: string; label: string }>();
      return c.json({ results }, 200);
    })
    .openapi(beginRoute, async (c) => {
      const origin = publicOrigin(c.env, c.req.url);
      if (origin === null) return respond(c, NO_ORIGIN.refusal);
      const provider = await openNoting(c, c.req.valid("param").provider);
      if (!provider.ok) return respond(c, provider.refusal);
      const { name } = provider.value;
      const begun = await beginFlow(c.env, provider.value, redirectOf(origin, name), Date.now());
      if (begun.ok) return c.json(begun.value, 200, NO_STORE);
      noteLater(c, name, begun.refusal);
      return respond(c, begun.refusal);
    })
    .openapi(completeRoute, async (c) => {
      const origin = publicOrigin(c.env, c.req.url);
      if (origin === null) return respond(c, NO_ORIGIN.refusal);
      const provider = await openNoting(c, c.req.valid("param").provider);
      if (!provider.ok) return respond(c, provider.refusal);
      const entered = await enterBy(c, provider.value, redirectOf(origin, provider.value.name), c.req.valid("json"));
      nudgeAudit(c);
      if (entered.ok) return c.json(entered.value, 200, NO_STORE);
      if (entered.refusal.code !== "second_factor_required") noteLater(c, provider.value.name, entered.refusal);
      return respond(c, entered.refusal);
    });
}

/** The provider that is asked for. Why it cannot be used, if its secret cannot be read, is on the operator's page. */
async function openNoting(c: AppContext, name: string): Promise<Result<SignOnProvider>> {
  const provider = await openProvider(c.env, name);
  if (!provider.ok && provider.refusal.code === "unavailable") noteLater(c, name, provider.refusal);
  return provider;
}

async function enterBy(
  c: AppContext,
  provider: SignOnProvider,
  redirect: string,
  { flow, answer, device_token }: z.output<typeof completeBody>,
) {
  const outside = await loadOutside();
  const deps = outside.depsOf(c);
  const said = await completeFlow(c.env, provider, redirect, { flow, answer }, deps.now.getTime());
  if (!said.ok) return said;
  const comer = readComer(said.value, provider.parsed, provider.top_role);
  if (!comer.ok) return comer;
  const admitted = await admit(deps, provider, comer.value, c.get("requestId"));
  if (!admitted.ok) return admitted;
  const user = admitted.value;
  const caller = { address: outside.addressOf(c), userAgent: c.req.header("user-agent") };
  const entered = await outside.enter(deps, user, caller, { device: device_token });
  if (!entered.ok && entered.refusal.code === "forbidden") {
    c.executionCtx.waitUntil(noteRefusedSignIn(c, { user: user.id }, Date.now()));
  }
  const isHalfway = !entered.ok && entered.refusal.code === "second_factor_required";
  if (!entered.ok && !isHalfway) return entered;
  const { groups } = comer.value;
  if (groups !== null) {
    // Whoever comes for the first time finds their course. What fails is made good at the next sign-in.
    await placeClaimed(c.env, provider.name, user.id, groups, c.get("requestId")).catch((fault: unknown) =>
      logFault("places_not_given", fault, { user_id: user.id }),
    );
  }
  if (entered.ok) c.executionCtx.waitUntil(outside.rememberNetwork(c.env, user.id, caller.address));
  c.executionCtx.waitUntil(noteSuccess(c.env, provider));
  const [untold] = comer.value.untold;
  if (untold !== undefined) noteLater(c, provider.name, untoldIn(untold).refusal);
  return entered;
}

/** Somebody came in, and what a claim gives them could not be brought in line with it. */
const untoldIn = (claim: string) =>
  turnedAway(
    `claims.${claim}`,
    "too_many_values",
    "The provider told too many values to list (overage). Role and places of this person stayed as they were.",
  );

async function noteSuccess(env: Env, { name, issuer, jwks_uri }: SignOnProvider): Promise<void> {
  const server = await discover(env, issuer);
  // Where the keys are may have changed: tokens on the API are checked with what stands here.
  await noteSignIn(directory(env), name, Date.now(), server.ok ? server.value.jwks_uri : jwks_uri).run();
}

/** The operator's page says why the last sign-in failed: rules, never what anybody's claims were. */
function noteLater(c: AppContext, name: string, refusal: Refusal): void {
  const { code, errors = [], detail = "" } = refusal;
  const [first] = errors;
  const text = first === undefined ? `${code}: ${detail}` : `${first.path} ${first.rule}: ${first.message}`;
  const noted = noteFailure(
    directory(c.env),
    name,
    Date.now(),
    text.slice(0, MAX_FAILURE),
    isOfProvider(refusal) ? 1 : 0,
  ).run();
  c.executionCtx.waitUntil(noted.catch((fault: unknown) => logFault("sign_on_failure_not_noted", fault)));
}
