import { createRoute, OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler, TypedResponse } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { JSONParsed } from "hono/utils/types";
import { countedDatabase, type Database, type QueryCounter } from "../bindings.ts";
import { Allowance } from "./allowance.ts";
import { type ProblemStatus, problemResponse } from "./errors.ts";
import { zodErrors } from "./field-errors.ts";
import { type Refusal, refuse } from "./results.ts";
import type { Role } from "./roles.ts";
import { LANGUAGES, type Language, negotiateLanguage } from "./text.ts";

export { jsonPath, zodErrors } from "./field-errors.ts";
export { ROLES, type Role } from "./roles.ts";

/** Who is asking, as the verified token says. */
export interface Actor {
  id: string;
  role: Role;
  /** Session the token was issued for; null for tokens that belong to no session (services, the command line). */
  session: string | null;
}

/** Fields of the one log line a request ends with. Ids only: no names, addresses, answers or tokens. */
export interface RequestFacts {
  course_id?: string;
  enrollment_id?: string;
  snapshot_version?: number;
  source?: "snapshot" | "recomputed" | "realtime" | "staff";
}

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Null where no valid token came along; routes that are not public never see null, see {@link actorOf}. */
    actor: Actor | null;
    /** Why the token that came along was refused. */
    tokenRefusal: Refusal | null;
    /** Made when it is first asked for, see {@link databaseOf}: most reads ask for none. */
    db: Database | undefined;
    queries: QueryCounter;
    facts: RequestFacts;
  };
}
export type AppContext = Context<AppEnv>;

/** Writes a minute that a user may make in one isolate before the platform's limit is asked: more than people make. */
const FREE_WRITES = 60;
const freeWrites = new Allowance();
/** The same for reads; how many is READ_ALLOWANCE. */
const freeReads = new Allowance();

/** Largest body of an ordinary write. */
export const DEFAULT_MAX_BODY = 65_536;

/** What a route demands of its caller. Shown in the OpenAPI document as `x-policy` and in docs/routes.md. */
export interface RoutePolicy {
  /** Roles that may call; "public" needs no token. */
  roles: "public" | readonly Role[];
  /** The ownership rule beyond the role, in one sentence. */
  rule?: string;
  /** Largest body in bytes; default {@link DEFAULT_MAX_BODY}. */
  maxBody?: number;
  /** Which rate limit applies, per user (or per address where there is no user). Reads that need a token have "read". */
  rate?: "sign-in" | "write";
}

type Rate = NonNullable<RoutePolicy["rate"]> | "read";

function rateOf(policy: RoutePolicy, config: RouteConfig): Rate | undefined {
  return policy.rate ?? (config.method === "get" && policy.roles !== "public" ? "read" : undefined);
}

const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .openapi("Problem");

const PROBLEM_RESPONSE = {
  description: "A problem document (RFC 9457); `code` is from the registry in docs/errors.md.",
  content: { "application/problem+json": { schema: problemSchema } },
};

/**
 * The one way to declare a route: form, policy and documentation in one place. The policy is enforced by a middleware
 * that runs before validation, so an anonymous caller learns nothing about the schema.
 */
export function defineRoute<const R extends RouteConfig>(policy: RoutePolicy, config: R) {
  return createRoute({
    ...config,
    ...(policy.roles === "public" ? { security: [] } : { security: [{ bearer: [] }] }),
    middleware: [enforce(policy, config), ...toArray(config.middleware)] as MiddlewareHandler<AppEnv>[],
    responses: { ...config.responses, default: PROBLEM_RESPONSE },
    "x-policy": {
      roles: policy.roles,
      rule: policy.rule ?? "",
      max_body: config.request?.body === undefined ? 0 : (policy.maxBody ?? DEFAULT_MAX_BODY),
      rate: rateOf(policy, config) ?? "",
    },
  });
}

function toArray<T>(value: T | T[] | undefined): T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function enforce(policy: RoutePolicy, config: RouteConfig): MiddlewareHandler<AppEnv> {
  const maxBody = policy.maxBody ?? DEFAULT_MAX_BODY;
  const rate = rateOf(policy, config);
  const limitBody = bodyLimit({
    maxSize: maxBody,
    onError: (c: AppContext) => respond(c, refuse("body_too_large", { detail: `At most ${maxBody} bytes.` }).refusal),
  });
  const takesJson = config.request?.body?.content["application/json"] !== undefined;
  return async (c, next) => {
    const actor = c.get("actor");
    if (policy.roles !== "public") {
      if (actor === null) return respond(c, c.get("tokenRefusal") ?? refuse("unauthenticated").refusal);
      if (!policy.roles.includes(actor.role)) {
        return respond(
          c,
          refuse("forbidden", { detail: `Needs one of the roles: ${policy.roles.join(", ")}.` }).refusal,
        );
      }
    }
    // Graders and importers work for many learners at once: the brakes on writes and reads are for people.
    if (rate !== undefined && !(rate !== "sign-in" && actor?.role === "service")) {
      // Signing in is counted per address even for a caller with a token: else each account would widen the limit.
      const user = rate === "sign-in" ? undefined : actor?.id;
      const key = user ?? c.req.header("cf-connecting-ip") ?? "unknown";
      if (
        !isWavedThrough(c.env, rate, key) &&
        !(await limiterOf(c.env, rate).limit({ key: `${rate}:${key}` })).success
      ) {
        return respond(c, refuse("rate_limited", { retry_after: 60 }).refusal);
      }
    }
    if (takesJson && hasBody(c) && !/^application\/(.+\+)?json\s*(;|$)/i.test(c.req.header("content-type") ?? "")) {
      return respond(c, refuse("unsupported_media_type").refusal);
    }
    return config.method === "get" ? next() : limitBody(c, next);
  };
}

/** Whether so few calls were made from here that the platform's counter need not be asked. */
function isWavedThrough(env: Env, rate: Rate, key: string): boolean {
  if (rate === "read") return freeReads.take(key, Date.now(), Number(env.READ_ALLOWANCE));
  return rate === "write" && freeWrites.take(key, Date.now(), FREE_WRITES);
}

function limiterOf(env: Env, rate: Rate): RateLimit {
  if (rate === "read") return env.READ_LIMIT;
  return rate === "write" ? env.WRITE_LIMIT : env.SIGN_IN_LIMIT;
}

function hasBody(c: AppContext): boolean {
  return c.req.raw.body !== null && c.req.header("content-length") !== "0";
}

/** A Hono app whose validation failures are problem documents naming the field and the rule. */
export function newRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    strict: false,
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      return respond(c, {
        code: "invalid_input",
        errors: zodErrors(result.error, result.target === "json" ? "" : result.target),
      });
    },
  });
}

/** The answer every route may give instead of its own, as {@link defineRoute} declares it under `default`. */
export type ProblemAnswer = Response & TypedResponse<JSONParsed<z.infer<typeof problemSchema>>, ProblemStatus, "json">;

/** Answers with the problem document of a refusal. */
export function respond(c: Context<AppEnv>, refusal: Refusal): ProblemAnswer {
  // SAFETY: TypedResponse has no members at run time; the body is the problem document of the schema it names.
  return problemResponse(refusal, c.get("requestId") ?? "") as ProblemAnswer;
}

/**
 * The verified caller of a route that is not public.
 * @throws if the route was declared public: a fault of the code, not of the caller.
 */
export function actorOf(c: Context<AppEnv>): Actor {
  const actor = c.get("actor");
  if (actor === null) throw new Error("a public route asked for its actor");
  return actor;
}

/** D1 as this request uses it: every statement is counted. */
export function databaseOf(c: Context<AppEnv>): Database {
  let db = c.get("db");
  if (db === undefined) {
    db = countedDatabase(c.env.DB, c.get("queries"));
    c.set("db", db);
  }
  return db;
}

/** `?lang=` of every answer that carries text. */
export const languageQuery = z
  .enum(LANGUAGES)
  .optional()
  .openapi({ description: "Language of titles and sentences; default from Accept-Language, then English." });

export function languageOf(c: Context<AppEnv>): Language {
  return negotiateLanguage(c.req.query("lang"), c.req.header("accept-language"));
}

/** Form of an Idempotency-Key: 1 to 200 visible ASCII characters. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

/** Header of every write: the same key with the same body replays the stored answer; with another body it is 422. */
export const idempotencyHeader = z.object({
  "idempotency-key": z
    .string()
    .regex(IDEMPOTENCY_KEY, "1 to 200 visible ASCII characters without spaces")
    .optional()
    .openapi({ description: "Makes a retry harmless: the same key and body replay the first answer." }),
});

/** SHA-256 in hex; used to compare bodies, documents and keys. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
