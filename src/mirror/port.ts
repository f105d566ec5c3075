import type { CoursePointer } from "../courses/index.ts";
import { callObject } from "../platform/cell/call.ts";
import type { Result } from "../platform/results.ts";
import type { Mirror, ProjectionBatch } from "./contract.ts";

/**
 * The methods of the enrollment object for the rooms below it. The object imports those rooms, so they import only this
 * type. Every method can be repeated without harm.
 */
export interface EnrollmentPort {
  /** The rows that wait for D1, or null when there are none; with its events for other systems if some listen. */
  pendingProjection(withNews?: boolean): Promise<Result<ProjectionBatch | null>>;
  /** D1 has everything up to `head`; live events up to `sentUpTo` are published. */
  confirmProjection(head: number, sentUpTo?: number): Promise<Result<{ remaining: number }>>;
  /** Another course of the learner asks for this one. @returns since when it is completed; null if it is not. */
  watchCourse(course: string): Promise<Result<number | null>>;
  /** Another course of the learner reports that it is completed, or no longer. */
  tellCourse(news: { course: string; completed_at: number | null }): Promise<Result<null>>;
  /** Refreshes the snapshot; `force` computes it again even when nothing differs. */
  refresh(pointer: CoursePointer, force: boolean): Promise<Result<{ mirror: Mirror; recomputed: boolean }>>;
}

type PortStub = DurableObjectStub<EnrollmentPort & Rpc.DurableObjectBranded>;

/** Calls the object of one enrollment through its port, see {@link callObject}. */
export function callPort<T>(
  env: Env,
  enrollment: string,
  call: (stub: PortStub) => Promise<Result<T>>,
): Promise<Result<T>> {
  // SAFETY: wrangler.toml binds ENROLLMENTS to EnrollmentObject, which implements the port.
  const namespace = env.ENROLLMENTS as DurableObjectNamespace<EnrollmentPort & Rpc.DurableObjectBranded>;
  return callObject({ kind: "enrollment", id: enrollment }, () =>
    call(namespace.get(namespace.idFromName(enrollment))),
  );
}
