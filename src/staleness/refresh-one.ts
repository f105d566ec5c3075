import { type CoursePointer, fetchCourse } from "../courses/index.ts";
import { callPort, type Mirror } from "../mirror/index.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { logEvent } from "../platform/log.ts";
import { meter } from "../platform/metrics/meter.ts";

/** Objects that are called at once. */
export const PARALLEL_OBJECTS = 12;

/** The kind of item a scope is counted under. */
export const KIND_OF = { course: "chapter", problems: "problem" } as const;

/** @returns the mirror, or null when there is no such enrollment any more. @throws when it cannot be refreshed now. */
export async function refreshOne(
  env: Env,
  pointers: PointerReader,
  enrollment: string,
  force: boolean,
  scope: keyof typeof KIND_OF,
): Promise<Mirror | null> {
  const pointer = await pointers.of(parseEnrollmentId(enrollment).course);
  if (pointer === null) return null;
  const started = performance.now();
  const result = await callPort(env, enrollment, (stub) => stub.refresh(pointer, force));
  const outcome = !result.ok ? "failed" : result.value.recomputed ? "recomputed" : "fresh";
  const seconds = (performance.now() - started) / 1_000;
  meter.observe(`${KIND_OF[scope]}_unlock_refresh_duration_seconds`, [outcome], seconds);
  if (result.ok) return result.value.mirror;
  if (result.refusal.code !== "not_enrolled") throw new Error(`refresh refused: ${result.refusal.code}`);
  logEvent("refresh_enrollment_gone", { enrollment_id: enrollment });
  return null;
}

/** Course pointers read from D1 once for each batch, never from a cache: a refresh must not use an old one. */
export class PointerReader {
  readonly #env: Env;
  readonly #known = new Map<string, Promise<CoursePointer | null>>();

  constructor(env: Env) {
    this.#env = env;
  }

  of(course: string): Promise<CoursePointer | null> {
    let pointer = this.#known.get(course);
    if (pointer === undefined) {
      pointer = fetchCourse(countedDatabase(directory(this.#env), { count: 0 }), course).then(
        (entry) => entry?.pointer ?? null,
      );
      this.#known.set(course, pointer);
    }
    return pointer;
  }
}
