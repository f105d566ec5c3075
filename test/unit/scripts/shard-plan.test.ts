import { describe, expect, it } from "vitest";
import {
  type PlacedCourse,
  planMoves,
  type ShardLoad,
  shardName,
  shardNumber,
} from "../../../scripts/lib/shards/plan.ts";
import { estimateOf } from "../../../src/ops/shards/estimate.ts";

const BOUND = 1_000_000;
const course = (name: string, shard: string, enrollments: number): PlacedCourse => ({
  course: name,
  shard,
  enrollments,
});

/** How full the databases are with these courses, and after these moves. */
function loadsOf(courses: readonly PlacedCourse[], names: readonly string[]): ShardLoad[] {
  const inShard = (shard: string) => courses.filter((placed) => placed.shard === shard);
  return names.map((shard) => ({
    shard,
    enrollments: inShard(shard).reduce((sum, { enrollments }) => sum + enrollments, 0),
  }));
}

function placesAfter(courses: readonly PlacedCourse[], moves: ReturnType<typeof planMoves>): PlacedCourse[] {
  const to = new Map(moves.map((move) => [move.course, move.to]));
  return courses.map((placed) => ({ ...placed, shard: to.get(placed.course) ?? placed.shard }));
}

describe("the plan of moves", () => {
  it("makes two databases equally full with as few moves as possible", () => {
    const courses = [
      course("a", "DB", 100),
      course("b", "DB", 60),
      course("c", "DB", 40),
      course("d", "DB_SHARD_2", 20),
    ];
    expect(planMoves(loadsOf(courses, ["DB", "DB_SHARD_2"]), courses, BOUND, {})).toEqual([
      { ...course("a", "DB", 100), to: "DB_SHARD_2" },
    ]);
  });

  it("moves nothing where the databases are equally full, or where there is only one course", () => {
    const even = [course("a", "DB", 100), course("b", "DB_SHARD_2", 98)];
    expect(planMoves(loadsOf(even, ["DB", "DB_SHARD_2"]), even, BOUND, {})).toEqual([]);
    const one = [course("a", "DB", 100)];
    expect(planMoves(loadsOf(one, ["DB", "DB_SHARD_2"]), one, BOUND, {})).toEqual([]);
  });

  it("fills databases that are added, and empties databases that are removed", () => {
    const courses = Array.from({ length: 8 }, (_, at) => course(`c${at}`, at < 6 ? "DB" : "DB_SHARD_2", 10));
    const loads = loadsOf(courses, ["DB", "DB_SHARD_2"]);
    const four = placesAfter(courses, planMoves(loads, courses, BOUND, { shards: 4 }));
    const names = [1, 2, 3, 4].map(shardName);
    expect(loadsOf(four, names).map(({ enrollments }) => enrollments)).toEqual([20, 20, 20, 20]);
    const back = placesAfter(four, planMoves(loadsOf(four, names), four, BOUND, { shards: 1 }));
    expect(loadsOf(back, names).map(({ enrollments }) => enrollments)).toEqual([80, 0, 0, 0]);
    const emptied = planMoves(loadsOf(four, names), four, BOUND, { empty: "DB_SHARD_3" });
    expect(emptied.every(({ shard }) => shard === "DB_SHARD_3")).toBe(true);
    expect(emptied).toHaveLength(2);
  });

  it("uses only one target database if asked to, and fills no database above its limit", () => {
    const courses = [
      course("a", "DB", 50),
      course("b", "DB", 50),
      course("c", "DB_SHARD_2", 20),
      course("d", "DB_SHARD_2", 20),
    ];
    const loads = loadsOf(courses, ["DB", "DB_SHARD_2", "DB_SHARD_3"]);
    expect(planMoves(loads, courses, BOUND, { to: "DB_SHARD_3" }).every(({ to }) => to === "DB_SHARD_3")).toBe(true);
    expect(planMoves(loads, courses, 45, { to: "DB_SHARD_3" })).toEqual([
      { ...course("c", "DB_SHARD_2", 20), to: "DB_SHARD_3" },
    ]);
  });

  it("never moves a course twice, and never makes the fullest database fuller", () => {
    let state = 7;
    // Any fixed order of numbers will do.
    const below = (end: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % end;
    };
    for (let round = 0; round < 200; round += 1) {
      const names = Array.from({ length: 1 + below(6) }, (_, at) => shardName(at + 1));
      const courses = Array.from({ length: below(30) }, (_, at) =>
        course(`c${at}`, names[below(names.length)] ?? "DB", below(1_000)),
      );
      const before = loadsOf(courses, names);
      const moves = planMoves(before, courses, BOUND, {});
      expect(new Set(moves.map((move) => move.course)).size).toBe(moves.length);
      const most = (loads: readonly ShardLoad[]) => Math.max(...loads.map(({ enrollments }) => enrollments));
      expect(most(loadsOf(placesAfter(courses, moves), names))).toBeLessThanOrEqual(most(before));
    }
  });

  it("names databases by number", () => {
    for (const number of [1, 2, 17]) expect(shardNumber(shardName(number))).toBe(number);
  });
});

describe("the estimate of a move", () => {
  it("grows with the number of rows, or with the number of bytes", () => {
    const small = estimateOf(1_000, { enrollments: 250, rows: 1_000, bytes: 100_000 });
    expect(small).toMatchObject({ enrollments: 1_000, rows: 4_000, bytes: 400_000 });
    const large = estimateOf(1_000, { enrollments: 250, rows: 1_000, bytes: 10_000_000 });
    expect(large.statements).toBeGreaterThan(2 * small.statements);
    expect(estimateOf(10, { enrollments: 0, rows: 0, bytes: 0 })).toMatchObject({ enrollments: 0, rows: 0, bytes: 0 });
  });
});
