import { enrollmentStub } from "../../bindings.ts";

/** What the service rests on, and the smallest question each can be asked. */
export interface Dependency {
  name: DependencyName;
  ask(env: Env): Promise<unknown>;
  /** What its users feel while it is away. */
  effect: string;
}

export const DEPENDENCY_NAMES = ["d1", "objects", "queue", "r2", "kv"] as const;
export type DependencyName = (typeof DEPENDENCY_NAMES)[number];

/** Names nobody's: an object or a file of this name is asked for, and there is none. */
const PROBE = "ready-probe";

export const DEPENDENCIES: readonly Dependency[] = [
  {
    name: "d1",
    ask: (env) => env.DB.prepare("SELECT 1").first(),
    effect: "sign-in, lists, publishing and enrolling fail; unlock reads and progress of known courses go on",
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
    effect: "D1 and background refreshes fall behind; nothing is lost",
  },
  {
    name: "r2",
    ask: (env) => env.DOCUMENTS.head(PROBE),
    effect: "courses cannot be published and files not be up- or downloaded",
  },
  {
    name: "kv",
    ask: (env) => env.RECORD_CACHE.get(PROBE),
    effect: "records are read from the database instead of the cache",
  },
];
