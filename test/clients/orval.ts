import {
  completeChapter,
  enroll,
  getUnlocks,
  type LockedProblem,
  listChapters,
  type Problem,
  signIn,
} from "./generated/orval/api";
import type { Given, Seen } from "./journey";

/** A learner's way through the fetch client that orval makes. */
export async function run(given: Given): Promise<Seen> {
  const { email, password, course } = given;
  const refused = await signIn({ email, password: `not ${password}` });
  if (refused.status !== 401) throw new Error("another password was taken");
  const signedIn = await signIn({ email, password });
  if (signedIn.status !== 200) throw new Error("the password was refused");
  const headers = { authorization: `Bearer ${signedIn.data.access_token}` };

  const enrolled = await enroll(course, {}, { headers });
  if (enrolled.status !== 200 && enrolled.status !== 201) throw new Error(enrolled.data.code);
  const stateOf = async () => {
    const answer = await getUnlocks(course, {}, { headers });
    return answer.status === 200 ? answer.data.states[given.open] : undefined;
  };
  const before = await stateOf();
  const complete = (chapter: string) =>
    completeChapter(course, chapter, {}, {}, { headers: { ...headers, "idempotency-key": `complete-${chapter}` } });
  const completed = await complete(given.open);
  if (completed.status !== 200) throw new Error(completed.data.detail);
  const after = await stateOf();
  const lock = await complete(given.locked);
  if (lock.status !== 403 || !isLocked(lock.data)) throw new Error("the locked chapter was completed");
  const broken = await listChapters(course, { limit: 0 }, { headers });
  if (broken.status !== 400) throw new Error("a page of nothing was given");
  return {
    refused: [refused.data.code, refused.data.status],
    enrolled: enrolled.data.enrollment_id,
    states: [before, after],
    unlocked: completed.data.unlocked.length,
    lock: [lock.data.code, lock.data.status, lock.data.reasons.length],
    field: broken.data.errors?.[0]?.path,
  };
}

/** Of a refusal: a client branches on its code, and `locked` has a form of its own. */
function isLocked(problem: Problem): problem is LockedProblem {
  return problem.code === "locked";
}
