import { callObject } from "../platform/cell/call.ts";
import { ok, type Result } from "../platform/results.ts";
import type { UserGate } from "./revocations.ts";
import type { Presented, Standing, Verdict } from "./standing.ts";

function revocationsStub(env: Env, user: string): DurableObjectStub<UserGate> {
  // SAFETY: wrangler.toml binds GATES to this very class; the generated Env names it only in a comment.
  const namespace = env.GATES as DurableObjectNamespace<UserGate>;
  return namespace.get(namespace.idFromName(user));
}

/**
 * Calls the object of a user's session revocations, with the retries of every object. Every RPC of it can be repeated
 * without harm.
 */
export function callRevocations<T>(
  env: Env,
  user: string,
  call: (stub: DurableObjectStub<UserGate>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "session_revocations", id: user }, () => call(revocationsStub(env, user)));
}

/** Whether a token of a user is valid now, from the object of its user's session revocations. */
export async function askStanding(env: Env, user: string, token: Presented): Promise<Result<Verdict>> {
  const answer = await callRevocations<Standing | Verdict>(env, user, (stub) => stub.standing(token.session, token));
  if (!answer.ok) return answer;
  // An object that still runs the release before this one knows no roles.
  return ok(typeof answer.value === "string" ? { standing: answer.value, role: token.role } : answer.value);
}

/**
 * After a change: the object copies the account and ends what must end. If this fails, the object does it by itself
 * within a minute, and the rights are taken away already.
 * @param isChanged the account may have changed without {@link UserGate.hold}.
 */
export async function settleRevocations(env: Env, user: string, isChanged = false): Promise<void> {
  await callRevocations(env, user, (stub) => stub.settle(isChanged));
}
