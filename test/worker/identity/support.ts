import { z } from "zod";
import { type Call, call, read } from "../../support/worker/http.ts";

export { API, type Call, call, d1Queries, problem, read, request, tokenOf } from "../../support/worker/http.ts";

export const PASSWORD = "correct horse battery";

export const userSchema = z.strictObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  ban: z.object({ reason: z.string(), until: z.string().nullable() }).nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export const accessSchema = z.strictObject({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  expires_in: z.int().min(1).max(900),
  user: userSchema,
});
export const signedInSchema = accessSchema.extend({ session_token: z.string().length(43) });
export const sessionsSchema = z.strictObject({
  results: z.array(
    z.strictObject({
      id: z.string(),
      created_at: z.iso.datetime(),
      expires_at: z.iso.datetime(),
      user_agent: z.string().nullable(),
      current: z.boolean(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

export function freshEmail(): string {
  return `u${crypto.randomUUID()}@example.org`;
}

/** Registers a learner, and says what was answered to that alone. */
export function register(email: string, password = PASSWORD, options: Call = {}): Promise<Response> {
  return call("POST", "/auth/sign-up", { body: { email, name: "Ada Lovelace", password }, ...options });
}

/** Registers a learner, signs in and returns what the answer says. */
export async function signUp(email = freshEmail()) {
  const answer = await register(email);
  if (answer.status !== 202) throw new Error(`expected 202, got ${answer.status}: ${await answer.text()}`);
  return read(await signIn(email), 200, signedInSchema);
}

export function signIn(email: string, password = PASSWORD, options: Call = {}): Promise<Response> {
  return call("POST", "/auth/sign-in", { body: { email, password }, ...options });
}
