import { DurableObject } from "cloudflare:workers";
import { z } from "@hono/zod-openapi";
import { Cell } from "../cell/cell.ts";
import type { SchemaStep } from "../cell/object-schema.ts";
import { setStatement } from "../database/set-statement.ts";
import { ok, type Result } from "../results.ts";
import { addTally, type Push, type SeriesKey, seriesKey, type Tally } from "./catalog.ts";
import { merge, REGISTERS, type Sketch } from "./sketch.ts";

/** The limit of series in one shard. The whole catalogue with every route and status is far below. */
export const MAX_SERIES = 5_000;
/** Sketches are kept for this many hours. */
export const SKETCH_HOURS = 24;
/** The last push of an isolate is remembered this long, because it may come again. */
const PUSHER_AGE_MS = 3_600_000;
/** When this many isolates are remembered, old ones are removed. */
const PUSHERS = 500;

const SCHEMA: readonly SchemaStep[] = [
  {
    id: "001_metrics",
    sql: `
      CREATE TABLE series (key TEXT PRIMARY KEY, tally TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE pushers (isolate TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE learners (hour INTEGER PRIMARY KEY, sketch BLOB NOT NULL);
    `,
  },
];

const SAVE_SERIES = setStatement(
  (set) => `INSERT INTO series (key, tally) SELECT value ->> 0, value ->> 1 FROM ${set} WHERE true
    ON CONFLICT (key) DO UPDATE SET tally = excluded.tally`,
);

const tallySchema = z.union([z.number(), z.array(z.number())]);

/** The counts of a shard. */
export interface ShardTotals {
  series: { key: SeriesKey; tally: Tally }[];
  learners: { hour: number; sketch: Sketch }[];
}

/**
 * Sums the pushes of isolates. Each push counts once, however often it arrives: the number of an isolate's last push is
 * written in the transaction of its counts. The sums are also in memory, so that a push reads nothing.
 */
export class MetricsShard extends DurableObject<Env> {
  readonly #cell: Cell;
  #series: Map<SeriesKey, Tally> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const forget = () => {
      this.#series = null;
    };
    this.#cell = new Cell(ctx, { called: "a shard of metrics", schema: SCHEMA, dues: [], forget });
  }

  /** Adds a push to the sums. */
  async add(push: Push): Promise<Result<{ counted: boolean }>> {
    return this.#cell.commit(() => {
      if (!this.#isNew(push)) return ok({ counted: false });
      this.#sum(push.series);
      if (push.learners !== null) this.#noteLearners(push.learners);
      return ok({ counted: true });
    });
  }

  async totals(): Promise<Result<ShardTotals>> {
    const { sql } = this.ctx.storage;
    if (!this.#cell.exists) return ok({ series: [], learners: [] });
    const rows = sql.exec<{ hour: number; sketch: ArrayBuffer }>(
      "SELECT hour, sketch FROM learners ORDER BY hour DESC LIMIT ?",
      SKETCH_HOURS + 1,
    );
    const learners = [...rows].map(({ hour, sketch }) => ({ hour, sketch: new Uint8Array(sketch) }));
    return ok({ series: [...this.#known()].map(([key, tally]) => ({ key, tally })), learners });
  }

  #isNew({ isolate, seq }: Push): boolean {
    const { sql } = this.ctx.storage;
    const now = Date.now();
    const [last] = sql.exec<{ seq: number }>("SELECT seq FROM pushers WHERE isolate = ?", isolate).toArray();
    if (last !== undefined && seq <= last.seq) return false;
    sql.exec("INSERT OR REPLACE INTO pushers (isolate, seq, at) VALUES (?, ?, ?)", isolate, seq, now);
    if (last === undefined) {
      const { n } = sql.exec<{ n: number }>("SELECT count(*) AS n FROM pushers").one();
      if (n > PUSHERS) sql.exec("DELETE FROM pushers WHERE at < ?", now - PUSHER_AGE_MS);
    }
    return true;
  }

  #sum(pushed: Push["series"]): void {
    const known = this.#known();
    const changed: [SeriesKey, string][] = [];
    let dropped = 0;
    const add = (key: SeriesKey, more: Tally) => {
      const tally = addTally(known.get(key), more);
      known.set(key, tally);
      changed.push([key, JSON.stringify(tally)]);
    };
    for (const [key, more] of pushed) {
      if (known.has(key) || known.size < MAX_SERIES) add(key, more);
      else dropped += 1;
    }
    if (dropped > 0) add(seriesKey("metrics_dropped_total", []), dropped);
    SAVE_SERIES.exec(this.ctx.storage.sql, changed);
  }

  #noteLearners({ hour, sketch }: NonNullable<Push["learners"]>): void {
    if (sketch.length !== REGISTERS) return; // another release's form
    const { sql } = this.ctx.storage;
    const [row] = sql.exec<{ sketch: ArrayBuffer }>("SELECT sketch FROM learners WHERE hour = ?", hour).toArray();
    if (row !== undefined) merge(sketch, new Uint8Array(row.sketch));
    sql.exec("INSERT OR REPLACE INTO learners (hour, sketch) VALUES (?, ?)", hour, sketch);
    sql.exec("DELETE FROM learners WHERE hour < ?", hour - SKETCH_HOURS);
  }

  #known(): Map<SeriesKey, Tally> {
    this.#series ??= new Map(
      this.ctx.storage.sql
        .exec<{ key: string; tally: string }>("SELECT key, tally FROM series")
        .toArray()
        .map(({ key, tally }) => [key, tallySchema.parse(JSON.parse(tally))]),
    );
    return this.#series;
  }
}
