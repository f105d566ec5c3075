import { z } from "@hono/zod-openapi";
import { proxyDurable } from "itty-durable";
import { withTimeOut } from "../platform/http/time-out.ts";
import { logFault } from "../platform/log.ts";

/** The number of learners in a course; null if presence does not answer. No page may depend on it. */
export interface Presence {
  join(course: string, user: string): Promise<number | null>;
  count(course: string): Promise<number | null>;
}

const answerSchema = z.object({ present: z.int().min(0) });
/** Longest wait, because nobody needs this number. */
const TIMEOUT_MS = 1_000;

/**
 * Presence through itty-durable's proxy, typed and checked. The fixed prefix makes sure that a name is not read as an
 * id.
 */
export function presenceOf(env: Env): Presence {
  const call = async (course: string, method: "join" | "count", ...values: unknown[]): Promise<number | null> => {
    try {
      // The proxy itself must never be awaited or returned: every property of it is a remote method, also `then`.
      const answer = proxyDurable(env.PRESENCE, { parse: true })
        .get(`course:${course}`)
        [method]?.(...values);
      return answerSchema.parse(await withTimeOut(Promise.resolve(answer), TIMEOUT_MS)).present;
    } catch (fault) {
      logFault("presence_unavailable", fault, { course_id: course });
      return null;
    }
  };
  return {
    join: (course, user) => call(course, "join", user),
    count: (course) => call(course, "count"),
  };
}
