import { createRoute, OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { OTHER_PROBLEM, problemSchema, respond } from "./answers.ts";
import { bodyMayBeAbsent, dropEmptyBody } from "./body.ts";
import type { AppEnv } from "./context.ts";
import { refusalResponses, refusalsOf } from "./declared-refusals.ts";
import { zodErrors } from "./field-errors.ts";
import { checkScope, DEFAULT_MAX_BODY, enforce, type RoutePolicy, rateOf } from "./policy.ts";

/**
 * The one way to declare a route: form, policy and documentation in one place. A middleware enforces the policy before
 * validation, so an anonymous caller learns nothing about the schema.
 */
export function defineRoute<const R extends RouteConfig & { operationId: string }>(policy: RoutePolicy, config: R) {
  checkScope(policy, config);
  return createRoute({
    ...config,
    ...(policy.roles === "public" ? { security: [] } : { security: [{ bearer: [] }] }),
    middleware: [
      enforce(policy, config),
      ...(bodyMayBeAbsent(config) ? [dropEmptyBody] : []),
      ...toArray(config.middleware),
    ] as MiddlewareHandler<AppEnv>[],
    responses: { ...problemsOf(policy, config), ...config.responses, default: OTHER_PROBLEM },
    "x-policy": {
      roles: policy.roles,
      scope: policy.scope ?? "",
      rule: policy.rule ?? "",
      max_body: config.request?.body === undefined ? 0 : (policy.maxBody ?? DEFAULT_MAX_BODY),
      rate: rateOf(policy, config) ?? "",
    },
  });
}

/**
 * The problem documents of a route. They change nothing for the compiler: every handler may answer with any of them.
 */
function problemsOf(policy: RoutePolicy, config: RouteConfig): object {
  const isPublic = policy.roles === "public";
  const isLimited = rateOf(policy, config) !== undefined;
  return refusalResponses(refusalsOf({ isPublic, isLimited, refuses: policy.refuses ?? [] }, config), problemSchema);
}

function toArray<T>(value: T | T[] | undefined): T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** A Hono app whose validation failures are problem documents that name the field and the rule. */
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
