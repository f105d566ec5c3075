import { enrollmentStub } from "../../enrollment/index.ts";
import { directory, everyShard } from "../../platform/database/shards.ts";
import { probeWrite } from "../../platform/database/takes-writes.ts";
import { withTimeOut } from "../../platform/http/time-out.ts";
import { alive } from "../../platform/statements.ts";

/** What the service rests on, and the smallest question each can be asked. */
export interface Dependency {
  name: DependencyName;
  ask(env: Env): Promise<unknown>;
  /** What its users feel while it does not answer. */
  effect: string;
  /** Of what it is a part: while the whole does not answer, its own reason would say nothing new. */
  partOf?: DependencyName;
  /** While it answers it is not asked again for so many milliseconds: the question costs something. */
  everyMs?: number;
}

const DEPENDENCY_NAMES = ["d1", "d1_writes", "shards", "objects", "queue", "r2", "kv"] as const;
export type DependencyName = (typeof DEPENDENCY_NAMES)[number];

/** Between two probe writes of an isolate that is asked how it is, while they succeed. */
const WRITE_PROBE_MS = 15_000;
/** Names nobody's: an object or a file of this name is asked for, and there is none. */
const PROBE = "ready-probe";

/** A shard that has not answered by then is named as failing; the question as a whole has a second. */
const SHARD_TIMEOUT_MS = 800;

/** Parts of a dependency that do not answer, by name; names of bindings say nothing of the inside. */
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
    // A database that is full, or whose primary does not answer, answers reads as ever. Only a write shows it.
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
    // An object nobody ever wrote to: it answers from nothing and stores nothing.
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
 * Asks every further shard: the first one is the directory's own database. @throws with the names of those that do not
 * answer.
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
