import { z } from "zod";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { admin, ladder } from "../../support/worker/learners.ts";

/** An organisation with people who have accounts, and a published course of its author. */
export interface School {
  id: string;
  author: string;
  learner: string;
  manager: string;
  course: string;
}

export const outcomes = z.object({
  results: z.array(z.looseObject({ outcome: z.string(), user_id: z.string().nullable() })),
});

export async function account(prefix: string, role = "learner"): Promise<string> {
  const id = `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
  const body = { id, email: `${id}@example.org`, name: `Name of ${id}`, role };
  await read(await call("POST", "/users", { token: await admin(), body }), 201, z.looseObject({}));
  return id;
}

export async function batch(users: readonly object[], token?: string) {
  const answer = await call("POST", "/users/batch", { token: token ?? (await admin()), body: { users } });
  return (await read(answer, 200, outcomes)).results.map(({ outcome }) => outcome);
}

export async function organization(): Promise<string> {
  const id = `school-${crypto.randomUUID().slice(0, 8)}`;
  const made = await call("PUT", `/organizations/${id}`, { token: await admin(), body: { name: `The ${id}` } });
  await read(made, 200, z.looseObject({}));
  return id;
}

/** Makes a school through the API. @param open whether people of it enroll themselves. */
export async function school(): Promise<School> {
  const id = await organization();
  const [author, learner, manager] = [
    await account("author", "author"),
    await account("learner"),
    await account("boss"),
  ];
  const move = (user_id: string) => ({ user_id, act: "move", organization_id: id });
  await batch([author, learner, manager].map(move));
  await call("PUT", `/organizations/${id}/managers/${manager}`, { token: await admin() });
  const course = freshSlug("owned");
  await publish(ladder(course), { author });
  return { id, author, learner, manager, course };
}

/** Status and, of a refusal, its code. */
export async function outcomeOf(answer: Response): Promise<string> {
  const text = await answer.text();
  const code = /"code":"(\w+)"/.exec(text)?.[1] ?? "";
  return `${answer.status} ${code}`.trim();
}

export const ask = async (
  user: string,
  method: string,
  path: string,
  body?: unknown,
  role: "learner" | "author" = "learner",
) => call(method, path, { token: await tokenOf(user, role), ...(body === undefined ? {} : { body }) });
