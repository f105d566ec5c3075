import { type CoursePointer, findCourse, isFresh, rememberedCourse } from "../courses/index.ts";
import type { Idempotency, WriteAnswer } from "../mirror/index.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { AppContext } from "../platform/http/context.ts";
import { logFault } from "../platform/log.ts";

// Common parts of all routes that write to an enrollment.

/** The Idempotency-Key with the hash of its request: the address and the body. */
export async function idempotencyOf(c: AppContext): Promise<Idempotency | null> {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return null;
  return { key, body_hash: await sha256Hex(`${c.req.method} ${c.req.path}\n${await c.req.text()}`) };
}

/**
 * The newest course version that this isolate knows, without asking: a write waits for no database. A newer one is
 * loaded in the background for the next write. Without a version, an object uses the version that it has.
 */
export function pointerForWrite(c: AppContext, course: string): CoursePointer | null {
  if (!isFresh(course)) {
    c.executionCtx.waitUntil(
      findCourse(() => countedDatabase(directory(c.env), { count: 0 }), course).catch((fault: unknown) =>
        logFault("course_unreachable", fault, { course_id: course }),
      ),
    );
  }
  return rememberedCourse(course)?.pointer ?? null;
}

/** Notes the facts of a write for the log, and says in a header if the answer is a stored one. */
export function settled<T extends WriteAnswer>(c: AppContext, id: string, answer: T): Omit<T, "replayed"> {
  const facts = c.get("facts");
  facts.enrollment_id = id;
  facts.snapshot_version = answer.version;
  const { replayed, ...rest } = answer;
  if (replayed === true) c.header("idempotency-replayed", "true");
  return rest;
}
