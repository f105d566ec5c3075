import type { Context } from "hono";
import { countedDatabase, type Database, type QueryCounter } from "../database/counted.ts";
import { type CourseDatabases, courseDatabases } from "../database/course-databases.ts";
import { directory } from "../database/shards.ts";
import type { FieldError, Refusal } from "../results.ts";
import type { Role } from "../roles.ts";
import type { KeyGrant } from "../scopes.ts";

/** Who is asking, as the verified token says. */
export interface Actor {
  id: string;
  role: Role;
  /** Session the token was issued for; null for tokens that belong to no session (services, the command line). */
  session: string | null;
}

/**
 * A token that is genuine, of which nobody has asked yet whether it still counts: the object that is written to knows, or
 * `check` asks. Whoever handles such a request must do one of the two before anything is changed.
 */
interface Unchecked {
  token: { session: string | null; role: Role; issued_at: number };
  /** Sets the actor to what it is now. @returns why the token is refused, or null. */
  check(): Promise<Refusal | null>;
}

/** Fields of the one log line a request ends with. Ids only: no names, addresses, answers or tokens. */
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
    /** Null where no valid token came along; routes that are not public never see null, see {@link actorOf}. */
    actor: Actor | null;
    /** What the key allows that the caller showed; null for whoever showed a token. */
    key: KeyGrant | null;
    /** Set by the routes of {@link Unchecked} alone, see authentication.ts. */
    unchecked: Unchecked | undefined;
    /** Why the token that came along was refused. */
    tokenRefusal: Refusal | null;
    /** Made when it is first asked for, see {@link databaseOf}: most reads ask for none. */
    db: Database | undefined;
    queries: QueryCounter;
    facts: RequestFacts;
    /** Rows of a batch that would have been altered, see {@link rowFault}. */
    rowFaults: ReadonlyMap<number, FieldError> | undefined;
  };
}

export type AppContext = Context<AppEnv>;

/**
 * The verified caller of a route that is not public.
 * @throws if the route was declared public: a fault of the code, not of the caller.
 */
export function actorOf(c: Context<AppEnv>): Actor {
  const actor = c.get("actor");
  if (actor === null) throw new Error("a public route asked for its actor");
  return actor;
}

/** What the caller's key allows; null for whoever showed a token. */
export function keyOf(c: Context<AppEnv>): KeyGrant | null {
  return c.get("key") ?? null;
}

/** D1 as this request uses it: every statement is counted. */
export function databaseOf(c: Context<AppEnv>): Database {
  let db = c.get("db");
  if (db === undefined) {
    db = countedDatabase(directory(c.env), c.get("queries"));
    c.set("db", db);
  }
  return db;
}

/** The databases of a course as this request uses them: every statement is counted. */
export function databasesOf(c: Context<AppEnv>): CourseDatabases {
  return courseDatabases(c.env, c.get("queries"));
}
