import { addAuditEntryStatement, type OwnEntry } from "../../audit/index.ts";
import { type CourseEntry, type CoursePointer, fetchCourse, forgetObserver, MAX_MEMBERS } from "../../courses/index.ts";
import { loadEnrolling } from "../../enrollment/index.ts";
import type { ActorRef } from "../../mirror/index.ts";
import type { Database } from "../../platform/database/counted.ts";
import { directory } from "../../platform/database/shards.ts";
import { enrollmentId } from "../../platform/ids.ts";
import { inParallel } from "../../platform/parallel.ts";
import type { FieldError } from "../../platform/results.ts";
import { MAX_OBSERVED } from "../routes-observers.ts";
import { applicantOf } from "../routes-people.ts";
import { addGrant, dropGrant, removeMember, removeObserver, setMember, setObserver } from "../statements.ts";
import { PARALLEL } from "./limits.ts";
import type { Act } from "./shapes.ts";

/** What came of the acts so far, also by earlier attempts. */
export class Tally {
  readonly counts: Map<string, number>;
  readonly errors: FieldError[];
  /** Whom this enrolled, and who was not enrolled before. */
  readonly enrolled = new Set<string>();

  constructor(counts: Readonly<Record<string, number>>, errors: readonly FieldError[]) {
    this.counts = new Map(Object.entries(counts));
    // What an attempt failed with goes with the next note.
    this.errors = errors.filter(({ rule }) => rule !== "attempt_failed");
  }

  add(what: string, count = 1): void {
    if (count > 0) this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  lost(path: string, rule: string, message: string): void {
    this.add("failed");
    this.errors.push({ path, rule, message });
  }
}

export interface Applying {
  env: Env;
  db: Database;
  course: CourseEntry & { pointer: CoursePointer };
  source: string;
  actor: Required<ActorRef> & { role: OwnEntry["actor"]["role"] };
}

/**
 * Carries out some acts of a plan. Each is harmless to repeat: whoever is enrolled, withdrawn, a member or an observer
 * already stays so.
 * @throws where something is not available: another attempt goes on from the last note.
 */
export async function applyActs(on: Applying, acts: readonly Act[], tally: Tally): Promise<void> {
  await enrollThem(on, acts, tally);
  await setRights(on, acts, tally);
  const { withdraw } = await loadEnrolling();
  const goes = acts.flatMap((act) => (act.do === "withdraw" ? [act.user] : []));
  let unavailable = 0;
  await inParallel(goes, PARALLEL, async (user) => {
    const ended = await withdraw(on.env, enrollmentId(on.course.slug, user), on.actor, "system");
    if (ended.ok || ended.refusal.code === "not_enrolled") tally.add("withdrawn");
    else unavailable += 1;
  });
  if (unavailable > 0) throw new Error(`${unavailable} learners could not be withdrawn now`);
}

async function enrollThem(on: Applying, acts: readonly Act[], tally: Tally): Promise<void> {
  const learners = acts.filter((act) => act.do === "learner");
  if (learners.length === 0) return;
  const { enrollAll } = await loadEnrolling();
  const applicants = learners.map(({ user, cohorts, returns }) => ({
    ...applicantOf(user, cohorts),
    ...(returns === undefined ? {} : { returns }),
  }));
  const { slug, pointer } = on.course;
  const answers = await enrollAll(on.env, { count: 0 }, { slug, pointer }, applicants, on.actor);
  if (!answers.ok && answers.refusal.code === "shards_full") {
    return tally.lost(slug, "shards_full", "There is no room for more enrollments.");
  }
  if (!answers.ok) throw new Error(`nobody could be enrolled: ${answers.refusal.code}`);
  let unavailable = 0;
  for (const [index, answer] of answers.value.entries()) {
    const user = learners[index]?.user ?? "";
    if (answer.ok && answer.value.created) tally.enrolled.add(user);
    if (answer.ok) tally.add(answer.value.created ? "enrolled" : answer.value.updated ? "changed" : "unchanged");
    else if (answer.refusal.code === "user_not_found" || answer.refusal.code === "not_enrolled") {
      tally.lost(user, "user_not_found", "The account is gone.");
    } else if (answer.refusal.code === "forbidden") {
      tally.lost(user, "kept_out", "Somebody has withdrawn them by hand.");
    } else unavailable += 1;
  }
  if (unavailable > 0) throw new Error(`${unavailable} learners could not be enrolled now`);
}

async function setRights(on: Applying, acts: readonly Act[], tally: Tally): Promise<void> {
  const { slug } = on.course;
  const db = directory(on.env);
  const now = Date.now();
  let changed = false;
  const entry = (action: OwnEntry["action"], user: string, kind?: string) => {
    const { id, role, request_id } = on.actor;
    const details = kind === undefined ? {} : { details: { kind } };
    const target = { type: "user", id: user };
    return addAuditEntryStatement(
      db,
      { action, actor: { id, role }, target, course: slug, request_id, ...details },
      now,
    );
  };
  for (const act of acts) {
    if (act.do === "member" && act.role === null) {
      await db.batch([
        removeMember(db, slug, act.user),
        dropGrant(db, slug, on.source, act.user, ""),
        entry("course.member_removed", act.user),
      ]);
      tally.add("rights");
      changed = true;
    } else if (act.do === "member" && act.role !== null) {
      const [set] = await db.batch([
        setMember(db, slug, act.user, act.role, now, MAX_MEMBERS),
        addGrant(db, slug, on.source, act.user, ""),
        entry("course.member_set", act.user, act.role),
      ]);
      // Nothing was changed where the act was carried out before, or where there is no room.
      const isThere =
        (set?.meta.changes ?? 0) > 0 || (await fetchCourse(on.db, slug))?.members.get(act.user) === act.role;
      if (isThere) tally.add("rights");
      else tally.lost(act.user, "people_limit", `A course has at most ${MAX_MEMBERS} members.`);
      changed = true;
    } else if (act.do === "observer") {
      const { user, learner } = act;
      await db.batch(
        act.on
          ? [
              setObserver(db, slug, user, learner, now, MAX_OBSERVED),
              addGrant(db, slug, on.source, user, learner),
              entry("course.observer_set", user),
            ]
          : [
              removeObserver(db, slug, user, learner),
              dropGrant(db, slug, on.source, user, learner),
              entry("course.observer_removed", user),
            ],
      );
      forgetObserver(slug, user, learner);
      tally.add("observers");
    }
  }
  if (changed) await fetchCourse(on.db, slug);
}
