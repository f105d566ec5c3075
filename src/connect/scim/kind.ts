import { z } from "@hono/zod-openapi";
import type { ErrorCode } from "../../platform/error-codes.ts";
import type { AppContext } from "../../platform/http/context.ts";
import type { Result } from "../../platform/results.ts";
import type { Wanted } from "./answers.ts";
import type { ResourceName } from "./known.ts";
import type { Operation } from "./patch.ts";

/** When a resource is shown: what may be long, or is nothing yet, is looked up only where somebody needs it. */
type Occasion = "listed" | "made" | "changed" | "read";

/** What people and groups have of their own; the rest is one way for both (resource.ts). */
export interface Kind<Row extends { version: number }, Doc> {
  name: ResourceName;
  path: "Users" | "Groups";
  maxBody: number;
  refuses: readonly ErrorCode[];
  /** What its routes do, in words. */
  says: Record<"list" | "create" | "read" | "replace" | "patch" | "drop", string>;
  idOf: (row: Row) => string;
  count: (db: D1Database) => D1PreparedStatement;
  page: (db: D1Database, limit: number, skip: number) => D1PreparedStatement;
  /** Those whom a filter finds. */
  search: (env: Env, filter: string) => Promise<Result<Row[]>>;
  find: (env: Env, id: string) => Promise<Result<Row>>;
  /** What is sent as a whole. */
  read: (body: unknown) => Result<Doc>;
  create: (c: AppContext, doc: Doc) => Promise<Result<Row>>;
  replace: (c: AppContext, row: Row, doc: Doc) => Promise<Result<Row>>;
  patch: (c: AppContext, row: Row, operations: readonly Operation[]) => Promise<Result<Row>>;
  drop: (c: AppContext, row: Row) => Promise<Result<null>>;
  view: (c: AppContext, row: Row, wanted: Wanted, when: Occasion) => Promise<object>;
}

/** Rows as D1 gives them: the tables say of what form. */
export const totalRow = z.object({ total: z.int() });
