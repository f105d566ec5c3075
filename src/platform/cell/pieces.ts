import { cutText } from "../database/batches.ts";

// A dump that is too large for one answer is stored in the object as pieces, in a table beside the tables that it
// copies.

const COLUMNS = "part INTEGER NOT NULL, piece INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (part, piece)";

/** Empties the table of pieces by making it again. */
export function makePieceTable(sql: SqlStorage, table: string): void {
  sql.exec(`DROP TABLE IF EXISTS ${table}`);
  sql.exec(`CREATE TABLE ${table} (${COLUMNS})`);
}

/** Stores the text of one piece, in parts that are small enough for a value. */
export function savePiece(sql: SqlStorage, table: string, part: number, body: string): void {
  cutText(body).forEach((text, piece) => {
    sql.exec(`INSERT OR REPLACE INTO ${table} (part, piece, body) VALUES (?, ?, ?)`, part, piece, text);
  });
}

/** The text of one piece; empty if there is none. */
export function readPiece(sql: SqlStorage, table: string, part: number): string {
  return sql
    .exec<{ body: string }>(`SELECT body FROM ${table} WHERE part = ? ORDER BY piece`, part)
    .toArray()
    .map(({ body }) => body)
    .join("");
}
