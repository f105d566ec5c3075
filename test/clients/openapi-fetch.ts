import createClient from "openapi-fetch";
import type { components, paths } from "./generated/openapi-typescript/schema";
import type { Given, Seen } from "./journey";

type Problem = components["schemas"]["Problem"];
type LockedProblem = components["schemas"]["LockedProblem"];

/** A learner's way through openapi-fetch, typed by openapi-typescript. */
export async function run(given: Given): Promise<Seen> {
  const { url, email, password, course } = given;
  const client = createClient<paths>({ baseUrl: url });
  const refused = await client.POST("/api/v1/auth/sign-in", { body: { email, password: `not ${password}` } });
  if (refused.error === undefined) throw new Error("another password was taken");
  const { data: signedIn } = await client.POST("/api/v1/auth/sign-in", { body: { email, password } });
  if (signedIn === undefined) throw new Error("the password was refused");
  client.use({
    onRequest({ request }) {
      request.headers.set("authorization", `Bearer ${signedIn.access_token}`);
      return request;
    },
  });

  const enrolled = await client.POST("/api/v1/courses/{course}/enrollments", { params: { path: { course } } });
  if (enrolled.data === undefined) throw new Error(enrolled.error.code);
  const stateOf = async () => {
    const { data } = await client.GET("/api/v1/courses/{course}/unlocks", { params: { path: { course } } });
    return data?.states[given.open];
  };
  const before = await stateOf();
  const complete = (chapter: string) =>
    client.POST("/api/v1/courses/{course}/chapters/{chapter}/mark_as_completed", {
      params: { path: { course, chapter }, header: { "idempotency-key": `complete-${chapter}` } },
    });
  const completed = await complete(given.open);
  if (completed.data === undefined) throw new Error(completed.error.detail);
  const after = await stateOf();
  const lock = await complete(given.locked);
  if (lock.error === undefined || !isLocked(lock.error)) throw new Error("the locked chapter was completed");
  const broken = await client.GET("/api/v1/courses/{course}/chapters", {
    params: { path: { course }, query: { limit: 0 } },
  });
  return {
    refused: [refused.error.code, refused.error.status],
    enrolled: enrolled.data.enrollment_id,
    states: [before, after],
    unlocked: completed.data.unlocked.length,
    lock: [lock.error.code, lock.error.status, lock.error.reasons.length],
    field: broken.error?.errors?.[0]?.path,
  };
}

/** Of a refusal: a client branches on its code, and `locked` has a form of its own. */
function isLocked(problem: Problem): problem is LockedProblem {
  return problem.code === "locked";
}
