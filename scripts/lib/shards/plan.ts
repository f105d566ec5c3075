// Which courses go where, so that the databases are as full as each other, or one is emptied. Pure: what is there goes in, what
// is to be moved comes out.

/** A database, and how many enrollments its courses have had. */
export interface ShardLoad {
  shard: string;
  enrollments: number;
}

/** A course, where it is, and how many have ever enrolled. */
export interface PlacedCourse {
  course: string;
  shard: string;
  enrollments: number;
}

/** A course that is to be moved. */
export interface PlannedMove extends PlacedCourse {
  to: string;
}

/** What is wanted. */
export interface Wish {
  /** Databases there are to be; fewer than there are: the last ones are emptied. */
  shards?: number;
  /** Name of the only database that courses go to. */
  to?: string;
  /** Name of a database that is to be emptied. */
  empty?: string;
}

/** Two databases whose difference is a smaller share of the average are as full as each other. */
const EVEN_SHARE = 0.05;

/** Name of the database with this number. */
export function shardName(number: number): string {
  return number === 1 ? "DB" : `DB_SHARD_${number}`;
}

/** Number of the database of this name. */
export function shardNumber(name: string): number {
  return name === "DB" ? 1 : Number(name.slice("DB_SHARD_".length));
}

/**
 * Plans moves. Each course moves once at most, and none to a database that it would make fuller than the one it leaves.
 * @param bound enrollments that a database takes.
 */
export function planMoves(
  shards: readonly ShardLoad[],
  courses: readonly PlacedCourse[],
  bound: number,
  wish: Wish,
): PlannedMove[] {
  const loads = new Map(shards.map(({ shard, enrollments }) => [shard, enrollments]));
  for (let number = 1; number <= (wish.shards ?? 0); number += 1) {
    if (!loads.has(shardName(number))) loads.set(shardName(number), 0);
  }
  const isEmptied = (shard: string) =>
    shard === wish.empty || (wish.shards !== undefined && shardNumber(shard) > wish.shards);
  const takers = [...loads.keys()].filter((shard) => !isEmptied(shard) && (wish.to === undefined || shard === wish.to));
  const staying = new Map(courses.map((course) => [course.course, course]));
  const moves: PlannedMove[] = [];
  const move = (course: PlacedCourse, to: string) => {
    moves.push({ ...course, to });
    staying.delete(course.course);
    loads.set(course.shard, loadOf(course.shard) - course.enrollments);
    loads.set(to, loadOf(to) + course.enrollments);
  };
  const loadOf = (shard: string) => loads.get(shard) ?? 0;
  const emptiest = () => [...takers].sort((a, b) => loadOf(a) - loadOf(b) || shardNumber(a) - shardNumber(b))[0];

  // The large ones first: the small ones then fill what is left.
  const leaving = [...staying.values()].filter(({ shard }) => isEmptied(shard)).sort(byEnrollments);
  for (const course of leaving) {
    const to = emptiest();
    if (to !== undefined && loadOf(to) + course.enrollments <= bound) move(course, to);
  }
  if (wish.empty !== undefined) return moves;

  const kept = [...loads.keys()].filter((shard) => !isEmptied(shard));
  const average = kept.reduce((sum, shard) => sum + loadOf(shard), 0) / Math.max(kept.length, 1);
  for (;;) {
    const to = emptiest();
    if (to === undefined) return moves;
    const best = bestFor(to, kept, [...staying.values()], loadOf, Math.max(EVEN_SHARE * average, 1), bound);
    if (best === null) return moves;
    move(best, to);
  }
}

/** The course of the fullest database that has one whose move makes the two most even; null: nothing gets better. */
function bestFor(
  to: string,
  from: readonly string[],
  staying: readonly PlacedCourse[],
  loadOf: (shard: string) => number,
  least: number,
  bound: number,
): PlacedCourse | null {
  const fullest = [...from].sort((a, b) => loadOf(b) - loadOf(a) || shardNumber(a) - shardNumber(b));
  for (const shard of fullest) {
    const difference = loadOf(shard) - loadOf(to);
    if (difference <= least) return null;
    const distance = ({ enrollments }: PlacedCourse) => Math.abs(enrollments - difference / 2);
    const [best] = staying
      .filter((course) => course.shard === shard && course.enrollments > 0)
      .filter(({ enrollments }) => enrollments < difference && loadOf(to) + enrollments <= bound)
      .sort((a, b) => distance(a) - distance(b) || (a.course < b.course ? -1 : 1));
    if (best !== undefined) return best;
  }
  return null;
}

function byEnrollments(a: PlacedCourse, b: PlacedCourse): number {
  return b.enrollments - a.enrollments || (a.course < b.course ? -1 : 1);
}
