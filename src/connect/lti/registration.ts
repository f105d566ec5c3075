import type { OpenAPIHono } from "@hono/zod-openapi";
import { html } from "hono/html";
import { z } from "zod";
import { addAuditEntryStatement } from "../../audit/index.ts";
import { MEMBER_ROLES } from "../../courses/index.ts";
import { standsNow } from "../../identity/index.ts";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import type { AppContext, AppEnv } from "../../platform/http/context.ts";
import { languageOf } from "../../platform/http/language.ts";
import { askPublic, type PublicAnswer } from "../../platform/http/outbound.ts";
import { logEvent } from "../../platform/log.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { isSameSite, PLATFORM_KINDS, usualOrigins } from "./kinds.ts";
import { outside } from "./outside.ts";
import { showFault, showPage } from "./page.ts";
import { jsonIn, LINE_ITEMS_SCOPE, MEMBERS_SCOPE, RESULTS_SCOPE, SCORE_SCOPE } from "./services.ts";
import { readBack, signBack } from "./state.ts";
import { spendLaunch } from "./statements/launches.ts";
import { addPlatform, entryOfAdded, platformById } from "./statements/platforms.ts";
import { TEXTS } from "./texts.ts";

// A platform registers this tool by itself (LTI Dynamic Registration 1.0). An operator makes a link first, which says what the
// platform may do here; its administrator enters it there.

export const REGISTRATION_SECONDS = 86_400;
export const MAX_PLATFORMS = 500;
const BOUNDS = { maxBytes: 200_000, timeoutMs: 10_000 };
const CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration";

const ticketSchema = z.object({
  jti: z.string(),
  platform: z.string(),
  name: z.string(),
  kind: z.enum(PLATFORM_KINDS),
  courses: z.array(z.string()).nullable(),
  teachers: z.enum(MEMBER_ROLES),
  by: z.string(),
  /** When the link was made, epoch seconds. */
  issued_at: z.int().default(0),
});
export type RegistrationTicket = Omit<z.output<typeof ticketSchema>, "jti" | "issued_at">;

const address = z.string().min(1).max(1_000);
const platformSchema = z.looseObject({
  issuer: z.string().min(1).max(255),
  authorization_endpoint: address,
  token_endpoint: address,
  jwks_uri: address,
  registration_endpoint: address,
});
const registeredSchema = z.looseObject({
  client_id: z.string().min(1).max(255),
  [CONFIGURATION]: z.looseObject({ deployment_id: z.string().min(1).max(255).nullish() }).nullish(),
});

/** A link that registers one platform, once. */
export async function registrationLink(
  env: Env,
  origin: string,
  ticket: RegistrationTicket,
  now: number,
): Promise<string> {
  const issued_at = Math.floor(now / 1_000);
  const claims = { ...ticket, issued_at, jti: crypto.randomUUID().replaceAll("-", "") };
  return `${origin}/lti/register/${await signBack(env.AUTH_SECRET, "lti-register", claims, REGISTRATION_SECONDS, now)}`;
}

/** SQLite says in the message which rule an insert broke, and nowhere else. */
export function isTaken(fault: unknown): boolean {
  return fault instanceof Error && /UNIQUE constraint failed: lti_platforms\.issuer/.test(fault.message);
}

/** What the platform is told of this tool (section 3.5.2). */
function toolConfiguration(origin: string) {
  const launch = `${origin}/lti/launch`;
  return {
    application_type: "web",
    response_types: ["id_token"],
    grant_types: ["implicit", "client_credentials"],
    initiate_login_uri: `${origin}/lti/login`,
    redirect_uris: [launch],
    client_name: "Latchkey",
    jwks_uri: `${origin}/lti/jwks.json`,
    token_endpoint_auth_method: "private_key_jwt",
    scope: [SCORE_SCOPE, RESULTS_SCOPE, LINE_ITEMS_SCOPE, MEMBERS_SCOPE].join(" "),
    [CONFIGURATION]: {
      domain: new URL(origin).host,
      target_link_uri: launch,
      claims: ["iss", "sub", "name", "given_name", "family_name"],
      messages: [
        { type: "LtiResourceLinkRequest", target_link_uri: launch },
        { type: "LtiDeepLinkingRequest", target_link_uri: launch, label: "Latchkey" },
      ],
    },
  };
}

type Asked = { ok: true; answer: PublicAnswer } | { ok: false; why: string };
async function ask(env: Env, at: string, request: Parameters<typeof askPublic>[1]): Promise<Asked> {
  const { resolve, check } = outside(env);
  const answer = await askPublic(at, request, BOUNDS, resolve, check);
  if (!answer.ok) return { ok: false, why: answer.refusal.errors?.[0]?.rule ?? answer.refusal.code };
  const { status } = answer.value;
  return status >= 300 ? { ok: false, why: `status ${status}` } : { ok: true, answer: answer.value };
}

/**
 * Whether whoever made a link is an admin still, as an access token of that moment would be asked: of another provider's admins,
 * what is known here counts.
 */
async function isByAdmin(
  env: Env,
  { by, issued_at }: z.output<typeof ticketSchema>,
): Promise<"yes" | "no" | "unknown"> {
  const role = await standsNow(env, by, { session: null, role: "admin", issued_at });
  if (role.ok) return role.value === "admin" ? "yes" : "no";
  return role.refusal.code === "unavailable" ? "unknown" : "no";
}

async function register(c: AppContext): Promise<Response> {
  const origin = publicOrigin(c.env, c.req.url);
  if (origin === null) return showFault(c, "off");
  const now = Date.now();
  const secrets = acceptedSecrets(c.env);
  const ticket = await readBack(secrets, "lti-register", c.req.param("ticket") ?? "", ticketSchema, now);
  if (ticket === null) return showFault(c, "over");
  // The link is good for a day, and its admin may be none any more.
  const asked = await isByAdmin(c.env, ticket);
  if (asked !== "yes") return showFault(c, asked === "no" ? "over" : "unavailable");
  const db = directory(c.env);
  const at = c.req.query("openid_configuration") ?? "";
  const { check } = outside(c.env);
  if (check(at) !== null) return showFault(c, "form_invalid", [], "openid_configuration");
  const frames = [new URL(at).origin];
  const failed = (why: string) => {
    logEvent("lti_registration_failed", { platform: ticket.platform, why });
    return showFault(c, "registration_failed", frames, why);
  };
  const told = await ask(c.env, at, { method: "GET", headers: { accept: "application/json" } });
  if (!told.ok) return failed(`configuration ${told.why}`);
  const read = platformSchema.safeParse(jsonIn(told.answer));
  if (!read.success) return failed(`configuration ${String(read.error.issues[0]?.path[0] ?? "")}`);
  const { issuer, authorization_endpoint, token_endpoint, jwks_uri, registration_endpoint } = read.data;
  for (const [name, value] of Object.entries({ authorization_endpoint, token_endpoint, jwks_uri })) {
    if (check(value) !== null) return failed(`configuration ${name}`);
  }
  // Nobody speaks for another's issuer (section 3.5.1).
  if (!isSameSite(ticket.kind, issuer, at)) return failed("configuration issuer");
  const spent = await spendLaunch(db, ticket.jti, now + REGISTRATION_SECONDS * 1_000).run();
  if (spent.meta.changes === 0) return showFault(c, "over", frames);
  if ((await platformById(db, ticket.platform).first()) !== null) return failed("platform taken");
  const token = c.req.query("registration_token");
  const registered = await ask(c.env, registration_endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      ...(token === undefined || !/^[\x21-\x7e]{1,8000}$/.test(token) ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(toolConfiguration(origin)),
  });
  if (!registered.ok) return failed(`registration ${registered.why}`);
  const answer = registeredSchema.safeParse(jsonIn(registered.answer));
  if (!answer.success) return failed("registration client_id");
  const { client_id } = answer.data;
  const deployment = z.looseObject({ deployment_id: z.string() }).safeParse(answer.data[CONFIGURATION])
    .data?.deployment_id;
  const settings = {
    deployments: deployment === undefined ? [] : [deployment],
    origins: usualOrigins(ticket.kind, issuer, authorization_endpoint),
    courses: ticket.courses,
    teachers: ticket.teachers,
  };
  const { platform, name, kind, by } = ticket;
  const add = addPlatform(
    db,
    platform,
    name,
    kind,
    issuer,
    client_id,
    authorization_endpoint,
    token_endpoint,
    jwks_uri,
    JSON.stringify(settings),
    by,
    now,
    MAX_PLATFORMS,
  );
  const target = { type: "lti", id: platform };
  const actor = { id: by, role: "admin" };
  const entry = addAuditEntryStatement(
    db,
    { action: "lti.platform_set", actor, target, request_id: c.get("requestId") },
    now,
    entryOfAdded,
    `${platform} ${client_id} ${issuer}`,
  );
  const stands = await isByAdmin(c.env, ticket);
  if (stands !== "yes") return stands === "no" ? showFault(c, "over", frames) : failed("admin unknown");
  try {
    // The answer of the platform took its time: another link may have made a platform of this id, or the last one there may be.
    const [made] = await db.batch([add, entry]);
    if (made?.meta.changes === 0) {
      return failed((await platformById(db, platform).first()) === null ? "too many platforms" : "platform taken");
    }
  } catch (fault) {
    if (!isTaken(fault)) throw fault;
    return failed("registration taken");
  }
  const text = TEXTS[languageOf(c)];
  const body = html`<p role="status">${text.registeredLead}</p>`;
  return showPage(c, { status: 200, title: text.registered, body, data: { step: "close" } }, { frames });
}

/** Where a platform opens the link that an operator made. */
export function mountRegistration(app: OpenAPIHono<AppEnv>): void {
  app.get("/lti/register/:ticket", register);
}
