import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0022_chains.sql, which is the truth; a test compares the two. */
export const chains = sqliteTable("chains", {
  name: text().primaryKey(),
  step: integer().notNull(),
});
