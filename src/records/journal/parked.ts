import { z } from "@hono/zod-openapi";
import { setStatement } from "../../platform/database/set-statement.ts";
import { KINDS } from "../translation/types.ts";
import type { ParkedItem, ParkedPosition } from "./contract.ts";

const kindSchema = z.enum(KINDS);

const UNPARK = "UPDATE pending SET parked_at = NULL, attempts = 0 WHERE parked_at IS NOT NULL";
const UNPARK_THESE = setStatement((set) => `${UNPARK} AND id IN (SELECT value FROM ${set}) RETURNING seq`);

/**
 * Rows of a journal that a backend refuses to store though it works. Methods that write are called inside the object's
 * transaction.
 */
export class ParkedStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Parked rows, those that were parked first before the others. */
  page(after: ParkedPosition | null, limit: number): ParkedItem[] {
    return this.#sql
      .exec<{ id: string; kind: string; since: number; attempts: number; error: string | null; parked_at: number }>(
        `SELECT id, kind, since, attempts, error, parked_at FROM pending
         WHERE parked_at IS NOT NULL AND (parked_at, id) > (?, ?) ORDER BY parked_at, id LIMIT ?`,
        after?.parked_at ?? 0,
        after?.id ?? "",
        limit,
      )
      .toArray()
      .map((row) => ({ ...row, kind: kindSchema.parse(row.kind) }));
  }

  /** Tries parked rows again, as if they had never failed. @returns how many. */
  unpark(ids: readonly string[] | null): number {
    if (ids !== null) return UNPARK_THESE.exec(this.#sql, ids).length;
    return this.#sql.exec(`${UNPARK} RETURNING seq`).toArray().length;
  }

  /** Tries rows once more that were parked before an instant. @returns how many. */
  retry(before: number, parkAfter: number, limit: number): number {
    return this.#sql
      .exec(
        `UPDATE pending SET parked_at = NULL, attempts = ?2 - 1 WHERE seq IN (
           SELECT seq FROM pending WHERE parked_at IS NOT NULL AND parked_at <= ?1 ORDER BY parked_at LIMIT ?3
         ) RETURNING seq`,
        before,
        parkAfter,
        limit,
      )
      .toArray().length;
  }
}
