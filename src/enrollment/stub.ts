import { callObject } from "../platform/cell/call.ts";
import type { Result } from "../platform/results.ts";
import { edgeMemory } from "./edge/memory.ts";
import type { EnrollmentObject } from "./object.ts";

export type EnrollmentStub = DurableObjectStub<EnrollmentObject>;

/**
 * Calls the object of one enrollment, see {@link callObject}. The call may change it, so this isolate forgets its kept
 * answers: before the call, which may succeed although the caller has gone, and after it.
 */
export async function callEnrollment<T>(
  env: Env,
  enrollment: string,
  call: (stub: EnrollmentStub) => Promise<Result<T>>,
): Promise<Result<T>> {
  edgeMemory.forget(enrollment, Date.now());
  const result = await askEnrollment(env, enrollment, call);
  edgeMemory.forget(enrollment, Date.now());
  return result;
}

/** The same for a call that reads and changes nothing. */
export function askEnrollment<T>(
  env: Env,
  enrollment: string,
  call: (stub: EnrollmentStub) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "enrollment", id: enrollment }, () => call(enrollmentStub(env, enrollment)));
}

/** Calls the object with this id of the platform, like {@link callEnrollment}. */
export function callEnrollmentObject<T>(
  env: Env,
  id: string,
  call: (stub: EnrollmentStub) => Promise<Result<T>>,
): Promise<Result<T>> {
  // SAFETY: as below.
  const namespace = env.ENROLLMENTS as DurableObjectNamespace<EnrollmentObject>;
  return callObject({ kind: "enrollment", id }, () => call(namespace.get(namespace.idFromString(id))));
}

/**
 * The one place that turns an enrollment id into a stub, so that placement is decided once. Objects are created near
 * their first caller, which is the learner: no hint is better. The location can never be changed later.
 */
export function enrollmentStub(env: Env, enrollment: string): EnrollmentStub {
  // SAFETY: wrangler.toml binds ENROLLMENTS to exactly this class; the generated Env names it only in a comment.
  const namespace = env.ENROLLMENTS as DurableObjectNamespace<EnrollmentObject>;
  return namespace.get(namespace.idFromName(enrollment));
}
