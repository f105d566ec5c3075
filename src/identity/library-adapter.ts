import type { createInternalAdapter } from "better-auth/db";
import { and, eq, type SQL } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import { sessions, users } from "./tables.ts";

type Adapter = Parameters<typeof createInternalAdapter>[0];
type Condition = Parameters<Adapter["findMany"]>[0]["where"];

const TABLES = { user: users, session: sessions };
type Model = keyof typeof TABLES;

/**
 * The database functions that better-auth's sessions need, over drizzle. Its own adapter for drizzle has every
 * database, every operator and every table; with its dependencies it was 13 KiB (gzip) of the upload, for four kinds of
 * statement.
 * @throws for anything that it cannot do, by name: nothing is left out silently.
 */
export function libraryAdapter(db: Database, newId: () => string): Adapter {
  const unused = (name: string) => () =>
    Promise.reject(new Error(`better-auth asks for "${name}", which is not there`));
  const adapter = {
    id: "latchkey",
    async create({ model, data }: { model: string; data: object }) {
      const [row] = await db
        .insert(TABLES[known(model)])
        // SAFETY: better-auth gives the fields of the model by the names of the table; D1 refuses what is missing.
        .values({ id: newId(), ...data } as never)
        .returning();
      return row;
    },
    async findOne({ model, where, join }: { model: string; where: Condition; join?: object | undefined }) {
      if (join === undefined) return (await rows(db, known(model), where, 1))[0] ?? null;
      if (known(model) !== "session" || Object.keys(join).join() !== "user") throw new Error("no such join");
      const [found] = await db
        .select()
        .from(sessions)
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(all("session", where))
        .limit(1);
      return found === undefined ? null : { ...found.sessions, user: found.users };
    },
    findMany: ({ model, where, limit }: { model: string; where?: Condition; limit?: number | undefined }) =>
      rows(db, known(model), where, limit ?? 100),
    async update({ model, where, update }: { model: string; where: Condition; update: object }) {
      const name = known(model);
      const [row] = await db.update(TABLES[name]).set(update).where(all(name, where)).returning();
      return row ?? null;
    },
    async delete({ model, where }: { model: string; where: Condition }) {
      const name = known(model);
      await db.delete(TABLES[name]).where(all(name, where));
    },
    count: unused("count"),
    updateMany: unused("updateMany"),
    deleteMany: unused("deleteMany"),
    consumeOne: unused("consumeOne"),
    incrementOne: unused("incrementOne"),
    transaction: unused("transaction"),
  };
  // SAFETY: better-auth leaves the type of a row to its caller, which nothing can keep; src/identity/library.ts checks
  // each row it gets.
  return adapter as Adapter;
}

function rows(db: Database, model: Model, where: Condition, limit: number): Promise<object[]> {
  return db.select().from(TABLES[model]).where(all(model, where)).limit(limit);
}

function known(model: string): Model {
  if (model === "user" || model === "session") return model;
  throw new Error(`better-auth asks for the table "${model}", which it is not given`);
}

/** Every condition must hold. It is never empty: better-auth never deletes everything. */
function all(model: Model, where: Condition): SQL {
  const columns = new Map(Object.entries(TABLES[model]));
  const parts = (where ?? []).map(({ field, value, operator = "eq", connector = "AND" }) => {
    const column = columns.get(field);
    if (column === undefined || operator !== "eq" || connector !== "AND") {
      throw new Error(`better-auth asks for "${field}" by "${operator}", which is not there`);
    }
    return eq(column, value);
  });
  const condition = and(...parts);
  if (condition === undefined) throw new Error("better-auth asks for every row");
  return condition;
}
