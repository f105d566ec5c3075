import { notErasing } from "../../identity/index.ts";
import { oneBatch, setParameter, utf8Bytes } from "../../platform/database/batches.ts";
import { type SetStatement, setStatement } from "../../platform/database/set-statement.ts";
import { changesNoted, FORGET_CHANGES } from "../statements.ts";
import { COPY_BYTES, COPY_PAGE } from "./estimate.ts";
import type { MoveCall } from "./move-call.ts";
import { bytesOf, idRange, NEXT_IDS_STATEMENTS, nextIds, type Shape } from "./tables.ts";

type Row = Record<string, unknown>;

/** The columns and statements for copying a table. */
interface Copier extends Shape {
  find: SetStatement;
  remove: SetStatement;
  insert: SetStatement;
}

/** Copies rows of one course: all rows of an enrollment, or none. They replace the rows that the target had of it. */
export class Copying {
  readonly #call: MoveCall;
  readonly #tables: readonly Copier[];
  /** The number of bytes of each of a set of enrollments. */
  readonly #sizes: SetStatement;

  constructor(call: MoveCall, shapes: readonly Shape[]) {
    this.#call = call;
    this.#tables = shapes.map(copierOf);
    const sizes = shapes.map(
      ({ name, isOf, columns }) =>
        `(SELECT coalesce(sum(${bytesOf(columns)}), 0) FROM ${name} WHERE ${isOf("(SELECT ids.value AS value)")})`,
    );
    this.#sizes = setStatement((set) => `SELECT ids.value AS id, ${sizes.join(" + ")} AS bytes FROM ${set} AS ids`);
  }

  /** Copies the next page of the course. @returns its last id; null when there is none. */
  async nextPage(after: string): Promise<string | null> {
    const { from, to } = idRange(this.#call.course);
    const ids = await nextIds(this.#call.source.db, after === "" ? from : after, to, COPY_PAGE);
    this.#call.counted(NEXT_IDS_STATEMENTS);
    await this.copy(ids);
    return ids.at(-1) ?? null;
  }

  /**
   * Copies enrollments that changed after they were copied, the oldest change first. One that changes again meanwhile
   * stays noted.
   * @returns how many enrollments; fewer than {@link COPY_PAGE}: there were no more.
   */
  async nextChanges(): Promise<number> {
    const { source, course } = this.#call;
    const { results } = await changesNoted(source.db, course, COPY_PAGE).all<{ id: string; noted: number }>();
    this.#call.counted(1);
    if (results.length === 0) return 0;
    await this.copy(results.map(({ id }) => id));
    await this.#call.write("leaving", FORGET_CHANGES.over(source.db, results, course));
    return results.length;
  }

  async copy(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const sizes = await this.#sizes.find<{ id: string; bytes: number }>(this.#call.source.db, ids);
    this.#call.counted(1);
    for (let group: string[] = [], bytes = 0, at = 0; at < sizes.length; at += 1) {
      const { id, bytes: own } = sizes[at] ?? { id: "", bytes: 0 };
      group.push(id);
      bytes += own;
      const next = sizes[at + 1];
      if (next !== undefined && bytes + next.bytes <= COPY_BYTES) continue;
      if (bytes > 2 * COPY_BYTES) await this.#copyInParts(id);
      else await this.#copyGroup(group);
      group = [];
      bytes = 0;
    }
  }

  async #copyGroup(ids: readonly string[]): Promise<void> {
    const { source, target } = this.#call;
    const reads = this.#tables.flatMap(({ find }) => find.over(source.db, ids));
    const found = await source.db.batch<Row>(reads);
    this.#call.counted(reads.length);
    // A set of ids is one batch, so there is one answer for each table.
    const lines = this.#tables.map(({ columns }, at) => linesOf(found[at]?.results ?? [], columns));
    await this.#replace([
      ...this.#tables.flatMap(({ remove }) => remove.over(target.db, ids)),
      ...this.#tables.flatMap(({ insert }, at) => insert.over(target.db, lines[at] ?? [])),
    ]);
    const rows = lines.reduce((sum, own) => sum + own.length, 0);
    const bytes = lines.flat().reduce((sum, line) => sum + utf8Bytes(JSON.stringify(line)), 0);
    this.#call.counted(0, { enrollments: ids.length, rows, bytes });
  }

  /**
   * An enrollment with more rows than are held in memory at once. It is complete only with the last part; nobody reads
   * it before.
   */
  async #copyInParts(id: string): Promise<void> {
    const { source, target } = this.#call;
    await this.#replace(this.#tables.flatMap(({ remove }) => remove.over(target.db, [id])));
    for (const { name, isOf, row, columns, insert } of this.#tables) {
      const keysOf = setStatement(
        (set) => `SELECT ${row} AS key, ${bytesOf(columns)} AS bytes FROM ${name} WHERE ${isOf(set)} ORDER BY ${row}`,
      );
      const keys = await keysOf.find<{ key: string | number; bytes: number }>(source.db, [id]);
      this.#call.counted(1);
      for (let rest = keys; rest.length > 0; ) {
        const part = rest.slice(0, countWithin(rest, COPY_BYTES));
        rest = rest.slice(part.length);
        const pick = setStatement(
          (set) => `SELECT * FROM ${name} WHERE ${isOf(setParameter(2))} AND ${row} IN (SELECT value FROM ${set})`,
        );
        const wanted = part.map(({ key }) => key);
        const lines = linesOf(await pick.find<Row>(source.db, wanted, oneBatch([id]).json), columns);
        await this.#replace(insert.over(target.db, lines));
        const bytes = lines.reduce((sum, line) => sum + utf8Bytes(JSON.stringify(line)), 0);
        this.#call.counted(1, { enrollments: 0, rows: lines.length, bytes });
      }
    }
    this.#call.counted(0, { enrollments: 1, rows: 0, bytes: 0 });
  }

  /** Writes to the target, which refuses all other writes of the course until it has arrived. */
  async #replace(statements: readonly D1PreparedStatement[]): Promise<void> {
    const { target, source } = this.#call;
    const { db } = target;
    await this.#call.write("arriving", [this.#call.opens(db), ...statements, this.#call.closes(db, source.name)]);
  }
}

function copierOf(shape: Shape): Copier {
  const { name, isOf, owner, columns } = shape;
  const list = columns.join(", ");
  // Rows are arrays in the order of the columns.
  const values = columns.map((_, at) => `value ->> ${at}`).join(", ");
  const id = `value ->> ${columns.indexOf(owner ?? "")}`;
  const user = owner === null ? `value ->> ${columns.indexOf("user_id")}` : `substr(${id}, instr(${id}, ':') + 1)`;
  return {
    ...shape,
    find: setStatement((set) => `SELECT ${list} FROM ${name} WHERE ${isOf(set)}`),
    remove: setStatement((set) => `DELETE FROM ${name} WHERE ${isOf(set)}`),
    insert: setStatement(
      (set) => `INSERT INTO ${name} (${list}) SELECT ${values} FROM ${set} WHERE ${notErasing(user)}`,
    ),
  };
}

function linesOf(rows: readonly Row[], columns: readonly string[]): unknown[][] {
  return rows.map((row) => columns.map((column) => row[column] ?? null));
}

/** How many of the first rows have at most so many bytes together; at least one. */
function countWithin(rows: readonly { bytes: number }[], bytes: number): number {
  let sum = 0;
  const end = rows.findIndex((row, at) => {
    sum += row.bytes;
    return sum > bytes && at > 0;
  });
  return end < 0 ? rows.length : end;
}
