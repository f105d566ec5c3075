import { setTimeout as sleep } from "node:timers/promises";
import { say } from "../backup/command.ts";
import type { MoveView, RemoteShards } from "./remote.ts";

/** Between two looks at a move that waits. */
const WAIT_MS = 1_000;

/** What became of a course that was to be moved. */
export interface Moved {
  course: string;
  to: string;
  /** Null: it had been moved before. */
  move: MoveView | null;
}

/**
 * Moves courses, one after the other, and then removes what they left behind. What an earlier run has begun or done is taken
 * up where it was.
 */
export async function moveCourses(
  remote: RemoteShards,
  wanted: readonly { course: string; to: string }[],
): Promise<Moved[]> {
  const places = new Map((await remote.courses()).map(({ course, shard }) => [course, shard]));
  const last = new Map<string, MoveView>();
  const underWay = new Map((await remote.status()).moves.map((move) => [move.course, move]));
  for (const { course, to } of wanted) {
    if (places.get(course) === to && !underWay.has(course)) {
      say(`${course}: is in ${to}`);
      continue;
    }
    const { move } = await remote.begin(course, to);
    if (move !== null) last.set(course, move);
    await until(remote, course, last, ({ state }) => state === "purging");
  }
  for (const { course } of wanted) {
    if (last.has(course)) await until(remote, course, last, () => false);
  }
  return wanted.map(({ course, to }) => ({ course, to, move: last.get(course) ?? null }));
}

/** Works on a move until it is as far, or done. */
async function until(
  remote: RemoteShards,
  course: string,
  last: Map<string, MoveView>,
  isFar: (move: MoveView) => boolean,
): Promise<void> {
  for (;;) {
    const move = await remote.work(course);
    if (move === null) {
      // Done by somebody else, or by a call whose answer was lost.
      const known = last.get(course);
      if (known !== undefined) last.set(course, { ...known, state: "done", waits_for: null });
      return;
    }
    const before = last.get(course);
    last.set(course, move);
    if (before?.state !== move.state || before.rows !== move.rows || before.waits_for !== move.waits_for) {
      const waits = move.waits_for === null ? "" : `, waits for ${move.waits_for.replace("_", " ")}`;
      say(`${course}: ${move.state}, ${move.enrollments} enrollments, ${move.rows} rows, ${move.bytes} bytes${waits}`);
    }
    if (move.state === "done" || isFar(move)) return;
    if (move.waits_for !== null) await sleep(WAIT_MS);
  }
}
