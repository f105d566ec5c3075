import type { RouteConfig } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ErrorCode } from "../error-codes.ts";
import { type Refusal, refuse } from "../results.ts";
import type { Role } from "../roles.ts";
import { COURSE_PARAMS, courseOfId, isOfCourses, type KeyGrant, reachesCourse, type Scope } from "../scopes.ts";
import { namesOf, spellingOf, unknownParameters } from "./address.ts";
import { Allowance } from "./allowance.ts";
import { respond } from "./answers.ts";
import { bodyMayBeAbsent, hasBody, isJson, takeJson, takesJson } from "./body.ts";
import { type AppContext, type AppEnv, keyOf } from "./context.ts";
import type { DeclaredRefusal } from "./declared-refusals.ts";
import { networkOf } from "./network.ts";

/**
 * A user may make this many writes a minute in one isolate before the platform's limit is asked: more than people make.
 */
const FREE_WRITES = 60;

const freeWrites = new Allowance();

/** The same for reads; the number is READ_ALLOWANCE. */
const freeReads = new Allowance();

/** Largest body of an ordinary write. */
export const DEFAULT_MAX_BODY = 65_536;

interface PolicyRest {
  /** The ownership rule beyond the role, in one sentence. */
  rule?: string;
  /** Largest body in bytes; default {@link DEFAULT_MAX_BODY}. */
  maxBody?: number;
  /**
   * The codes that the handler refuses with, beyond those that follow from the form of the route; see {@link
   * refusalsOf}.
   */
  refuses?: readonly (ErrorCode | DeclaredRefusal)[];
  /**
   * Field of the body whose rows are handled one by one: a row that would be changed is refused alone, see {@link
   * rowFault}.
   */
  rows?: string;
  /**
   * The rate limit that applies, per user (or per address if there is no user). Reads that need a token have "read".
   */
  rate?: "sign-in" | "write";
  /**
   * Set by a route that names no course in its path, though its scope is one of courses: its handler respects the
   * courses of the key ({@link keyOf}).
   */
  keyCourses?: "handler";
}

/**
 * What a route requires of its caller. Shown in the OpenAPI document as `x-policy` and in docs/developers/routes.md.
 *
 * `roles` may call with a token; "public" needs none. `scope` is what a service's key needs to call; null or absent: no
 * key may call it. A route for the role of services must name its scope, so that none is open or closed to keys by
 * mistake.
 */
export type RoutePolicy = PolicyRest &
  (
    | { roles: "public"; scope?: undefined }
    | { roles: readonly Exclude<Role, "service">[]; scope?: Scope | null }
    | { roles: readonly Role[]; scope: Scope | null }
  );

type Rate = NonNullable<RoutePolicy["rate"]> | "read";

export function rateOf(policy: RoutePolicy, config: RouteConfig): Rate | undefined {
  return policy.rate ?? (config.method === "get" && policy.roles !== "public" ? "read" : undefined);
}

/** @throws if a key limited to some courses could use the route for others. */
export function checkScope(policy: RoutePolicy, config: RouteConfig): void {
  const { scope } = policy;
  if (scope == null || !isOfCourses(scope) || policy.keyCourses === "handler") return;
  if (!COURSE_PARAMS.some((param) => config.path.includes(`{${param}}`))) {
    throw new Error(`${config.method} ${config.path}: the scope "${scope}" is of courses, and the path names none`);
  }
}

/** Whether a key may call a route, and reaches every course in its path. */
function keyOpens(c: AppContext, key: KeyGrant, policy: RoutePolicy): Refusal | null {
  const { scope } = policy;
  if (scope == null) return refuse("forbidden", { detail: "Keys cannot call this. It is for people only." }).refusal;
  if (!key.scopes.includes(scope)) {
    return refuse("forbidden", { detail: `Needs a key with the scope "${scope}".` }).refusal;
  }
  // Scopes for all courses are never given together with a list of courses; if they are, the list counts.
  const isOutside = key.courses !== null && !isOfCourses(scope);
  const params = COURSE_PARAMS.flatMap((name) => c.req.param(name) ?? []);
  const isElsewhere = params.some((id) => !reachesCourse(key, courseOfId(id)));
  return isOutside || isElsewhere ? OTHER_COURSES.refusal : null;
}

/** The answer to a key that is limited to other courses. It does not say whether the named course exists. */
export const OTHER_COURSES = refuse("forbidden", { detail: "This key is limited to other courses." });

export function enforce(policy: RoutePolicy, config: RouteConfig): MiddlewareHandler<AppEnv> {
  const maxBody = policy.maxBody ?? DEFAULT_MAX_BODY;
  const rate = rateOf(policy, config);
  const limitBody = bodyLimit({
    maxSize: maxBody,
    onError: (c: AppContext) => respond(c, refuse("body_too_large", { detail: `At most ${maxBody} bytes.` }).refusal),
  });
  const isJsonRoute = takesJson(config);
  const isOptional = bodyMayBeAbsent(config);
  const rows = policy.rows ?? null;
  const queryNames = namesOf(config.request?.query);
  return async (c, next) => {
    const actor = c.get("actor");
    if (policy.roles !== "public") {
      if (actor === null) return respond(c, c.get("tokenRefusal") ?? refuse("unauthenticated").refusal);
      const key = keyOf(c);
      if (key !== null) {
        const refusal = keyOpens(c, key, policy);
        if (refusal !== null) return respond(c, refusal);
      } else if (!policy.roles.some((role) => role === actor.role)) {
        return respond(
          c,
          refuse("forbidden", { detail: `Needs one of the roles: ${policy.roles.join(", ")}.` }).refusal,
        );
      }
    }
    // Graders and importers work for many learners at once: the rate limits on writes and reads are for people.
    if (rate !== undefined && !(rate !== "sign-in" && actor?.role === "service")) {
      // Signing in is counted per address even for a caller with a token, because otherwise each account would raise
      // the limit.
      const user = rate === "sign-in" ? undefined : actor?.id;
      const key = user ?? networkOf(c.req.header("cf-connecting-ip") ?? "unknown");
      if (
        !isWavedThrough(c.env, rate, key) &&
        !(await limiterOf(c.env, rate).limit({ key: `${rate}:${key}` })).success
      ) {
        return respond(c, refuse("rate_limited", { retry_after: 60 }).refusal);
      }
    }
    const misspelt = spellingOf(c.req.url);
    if (misspelt !== null) return respond(c, misspelt);
    if (isJsonRoute && !isOptional && hasBody(c) && !isJson(c)) {
      return respond(c, refuse("unsupported_media_type").refusal);
    }
    const unknown = unknownParameters(c.req.url, queryNames);
    if (unknown !== null) return respond(c, unknown);
    if (config.method === "get") return next();
    if (!isJsonRoute || !hasBody(c) || !isJson(c)) return limitBody(c, next);
    const refusals: Refusal[] = [];
    const limited = await limitBody(c, async () => {
      const altered = await takeJson(c, rows);
      if (altered === null) return next();
      refusals.push(altered);
    });
    const [refusal] = refusals;
    return refusal === undefined ? limited : respond(c, refusal);
  };
}

/** Whether this caller made so few calls here that the platform's counter need not be asked. */
function isWavedThrough(env: Env, rate: Rate, key: string): boolean {
  if (rate === "read") return freeReads.take(key, Date.now(), Number(env.READ_ALLOWANCE));
  return rate === "write" && freeWrites.take(key, Date.now(), FREE_WRITES);
}

function limiterOf(env: Env, rate: Rate): RateLimit {
  if (rate === "read") return env.READ_LIMIT;
  return rate === "write" ? env.WRITE_LIMIT : env.SIGN_IN_LIMIT;
}
