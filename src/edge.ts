import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { METHOD_NAME_ALL } from "hono/router";
import { getPathNoStrict } from "hono/utils/url";
import { appOf } from "./app.ts";
import { AT_EDGE } from "./at-edge.ts";
import type { AppEnv } from "./platform/http/context.ts";
import { problemResponse } from "./platform/http/errors.ts";
import { requestIdOf } from "./platform/http/request-log.ts";
import { readOnce } from "./platform/late.ts";
import { logFault } from "./platform/log.ts";
import { refuse } from "./platform/results.ts";

/** What the Worker at the edge answers beside its features. */
const HEALTH = "/health";
/** A path that names a course. */
const COURSE = /^\/api\/v1\/courses\/([^/]+)/;
/** Seconds after which a caller tries again while the Worker behind the edge does not answer. */
const RETRY_AFTER_SECONDS = 1;

const readCatalog = readOnce(() => import("./courses/catalog.ts"));

/**
 * The API as it is answered at the edge. A request for one of its own routes stays here. Every other one is forwarded as
 * it came: with its headers (the client's address among them), its body, and its signal.
 */
export function createEdge(): Pick<ReturnType<typeof appOf>, "fetch"> {
  const own = appOf(Object.values(AT_EDGE), [forwardOthers]);
  return {
    fetch(request, env, context) {
      const path = getPathNoStrict(request);
      return path === HEALTH || own.covers(path) ? own.fetch(request, env, context) : forward(request, env);
    },
  };
}

/** The paths of a feature look alike, whoever serves them: only the router knows which are routes of the edge. */
const forwardOthers: MiddlewareHandler<AppEnv> = (c, next) =>
  matchedRoutes(c).some(({ method }) => method !== METHOD_NAME_ALL) ? next() : forward(c.req.raw, c.env);

/** Has the Worker behind the edge answer. It logs and counts the request. */
async function forward(request: Request, env: Env): Promise<Response> {
  try {
    const answer = await env.BACK.fetch(request);
    if (request.method !== "GET") await forgetChanged(getPathNoStrict(request));
    return answer;
  } catch (fault) {
    const id = requestIdOf(request);
    logFault("forwarding_failed", fault, { request_id: id });
    const detail = "This part of the service does not answer.";
    return problemResponse(refuse("unavailable", { detail, retry_after: RETRY_AFTER_SECONDS }).refusal, id);
  }
}

/** Whoever has just published a course reads it here as it is now, and not as this isolate remembers it. */
async function forgetChanged(path: string): Promise<void> {
  const course = COURSE.exec(path)?.[1];
  if (course !== undefined) (await readCatalog()).forgetCourse(course);
}
