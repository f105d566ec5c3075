import { enrollmentStub } from "../../enrollment/index.ts";
import { directory, everyShard } from "../../platform/database/shards.ts";
import { probeWrite } from "../../platform/database/takes-writes.ts";
import { withTimeOut } from "../../platform/http/time-out.ts";
import { alive } from "../../platform/statements.ts";

/** The dependencies of the service, and the smallest question for each. */
export interface Dependency {
  name: DependencyName;
  ask(env: Env): Promise<unknown>;
  /** The effect for users while it does not answer. */
  effect: string;
  /** The dependency of which it is a part: while that one does not answer, this reason adds nothing. */
  partOf?: DependencyName;
  /** While it answers, it is not asked again for so many milliseconds: the question has a cost. */
  everyMs?: number;
}

const DEPENDENCY_NAMES = ["d1", "d1_writes", "shards", "objects", "queue", "r2", "kv"] as const;
export type DependencyName = (typeof DEPENDENCY_NAMES)[number];

/** Time between two test writes of an isolate whose readiness is asked for, while they succeed. */
const WRITE_PROBE_MS = 15_000;
/** A name that nothing has: an object or a file of this name is requested, and there is none. */
const PROBE = "ready-probe";

/** A shard that does not answer in this time is named as failing; the whole question has a second. */
const SHARD_TIMEOUT_MS = 800;

/** Parts of a dependency that do not answer, by name; names of bindings show nothing internal. */
export class NamedFailureError extends Error {
  override readonly name = "NamedAwayError";
  constructor(names: readonly string[]) {
    super(`${names.join(", ")} did not answer`);
  }
}

export const DEPENDENCIES: readonly Dependency[] = [
  {
    name: "d1",
    ask: (env) => alive(directory(env)).first(),
    effect: "sign-in, lists, publishing and enrolling fail; unlock reads and progress of known courses work",
  },
  {
    name: "d1_writes",
    // A database that is full, or whose primary does not answer, still answers reads. Only a write shows the fault.
    ask: (env) => probeWrite(directory(env), Date.now()),
    effect:
      "sign-in, publishing and enrolling fail; progress and records are accepted and wait until D1 accepts writes again",
    partOf: "d1",
    everyMs: WRITE_PROBE_MS,
  },
  {
    name: "shards",
    ask: askShards,
    effect: "in their courses, reads and progress work with the objects, and enrolling fails; all other courses work",
    partOf: "d1",
  },
  {
    name: "objects",
    // An object that was never written to: it answers without stored data and stores nothing.
    ask: (env) => enrollmentStub(env, `${PROBE}:${PROBE}`).pendingProjection(),
    effect: "progress cannot be recorded and streams do not open; unlock reads are answered from D1",
  },
  {
    name: "queue",
    ask: (env) => env.REFRESH_QUEUE.metrics(),
    effect: "D1 and background refreshes are late; nothing is lost",
  },
  {
    name: "r2",
    ask: (env) => env.DOCUMENTS.head(PROBE),
    effect: "courses cannot be published, and files cannot be uploaded or downloaded",
  },
  {
    name: "kv",
    ask: (env) => env.RECORD_CACHE.get(PROBE),
    effect: "records are read from the database instead of the cache",
  },
];

/**
 * Asks every further shard: the first one is the directory's own database.
 * @throws with the names of those that do not answer.
 */
async function askShards(env: Env): Promise<void> {
  const asked = await Promise.all(
    everyShard(env)
      .slice(1)
      .map(async ({ name, db }) => {
        const isThere = withTimeOut(alive(db).first(), SHARD_TIMEOUT_MS).then(() => true);
        return { name, isThere: await isThere.catch(() => false) };
      }),
  );
  const down = asked.filter(({ isThere }) => !isThere).map(({ name }) => name);
  if (down.length > 0) throw new NamedFailureError(down);
}
