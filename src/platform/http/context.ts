import type { Context } from "hono";
import { countedDatabase, type Database, type QueryCounter } from "../database/counted.ts";
import { type CourseDatabases, courseDatabases } from "../database/course-databases.ts";
import { directory } from "../database/shards.ts";
import type { FieldError, Refusal } from "../results.ts";
import type { Role } from "../roles.ts";
import type { KeyGrant } from "../scopes.ts";

/** The caller, from the verified token. */
export interface Actor {
  id: string;
  role: Role;
  /** The session of the token; null for tokens without a session (services, the command line). */
  session: string | null;
}

/**
 * A genuine token that has not been checked for revocation yet. Either the object that is written to checks it, or
 * `check` does. The handler of such a request must use one of the two before anything is changed.
 */
interface Unchecked {
  token: { session: string | null; role: Role; issued_at: number };
  /** Sets the actor to its present value. @returns why the token is refused, or null. */
  check(): Promise<Refusal | null>;
}

/** Fields of the one log line at the end of a request. Ids only: no names, addresses, answers or tokens. */
interface RequestFacts {
  course_id?: string;
  enrollment_id?: string;
  snapshot_version?: number;
  source?: "snapshot" | "recomputed" | "realtime" | "staff" | "edge";
}

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Null if no valid token was sent. Routes that are not public never see null, see {@link actorOf}. */
    actor: Actor | null;
    /** What the caller's key allows; null for a caller with a token. */
    key: KeyGrant | null;
    /** Only the routes of {@link Unchecked} set this, see authentication.ts. */
    unchecked: Unchecked | undefined;
    /** Why the token of the request was refused. */
    tokenRefusal: Refusal | null;
    /** Made on first use, see {@link databaseOf}: most reads need none. */
    db: Database | undefined;
    queries: QueryCounter;
    facts: RequestFacts;
    /** Rows of a batch that would have been changed, see {@link rowFault}. */
    rowFaults: ReadonlyMap<number, FieldError> | undefined;
  };
}

export type AppContext = Context<AppEnv>;

/**
 * The verified caller of a route that is not public.
 * @throws if the route was declared public: a fault in the code, not of the caller.
 */
export function actorOf(c: Context<AppEnv>): Actor {
  const actor = c.get("actor");
  if (actor === null) throw new Error("a public route asked for its actor");
  return actor;
}

/** What the caller's key allows; null for a caller with a token. */
export function keyOf(c: Context<AppEnv>): KeyGrant | null {
  return c.get("key") ?? null;
}

/** D1 for this request: every statement is counted. */
export function databaseOf(c: Context<AppEnv>): Database {
  let db = c.get("db");
  if (db === undefined) {
    db = countedDatabase(directory(c.env), c.get("queries"));
    c.set("db", db);
  }
  return db;
}

/** The databases of a course for this request: every statement is counted. */
export function databasesOf(c: Context<AppEnv>): CourseDatabases {
  return courseDatabases(c.env, c.get("queries"));
}
