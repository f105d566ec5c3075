import { client } from "./generated/hey-api/client.gen";
import { completeChapter, enroll, getUnlocks, listChapters, signIn } from "./generated/hey-api/sdk.gen";
import type { LockedProblem, Problem } from "./generated/hey-api/types.gen";
import type { Given, Seen } from "./journey";

/** A learner's way through the client that @hey-api/openapi-ts makes. */
export async function run(given: Given): Promise<Seen> {
  const { url, email, password, course } = given;
  client.setConfig({ baseUrl: url });
  const refused = await signIn({ body: { email, password: `not ${password}` } });
  if (refused.error === undefined) throw new Error("another password was taken");
  const { data: signedIn } = await signIn({ body: { email, password } });
  if (signedIn === undefined) throw new Error("the password was refused");
  client.setConfig({ auth: () => signedIn.access_token });

  const enrolled = await enroll({ path: { course } });
  if (enrolled.data === undefined) throw new Error(enrolled.error.code);
  const stateOf = async () => (await getUnlocks({ path: { course } })).data?.states[given.open];
  const before = await stateOf();
  const complete = (chapter: string) =>
    completeChapter({ path: { course, chapter }, headers: { "idempotency-key": `complete-${chapter}` } });
  const completed = await complete(given.open);
  if (completed.data === undefined) throw new Error(completed.error.detail);
  const after = await stateOf();
  const lock = await complete(given.locked);
  if (lock.error === undefined || !isLocked(lock.error)) throw new Error("the locked chapter was completed");
  const broken = await listChapters({ path: { course }, query: { limit: 0 } });
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
