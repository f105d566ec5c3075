import { type CourseEntry, type CoursePointer, fetchCourse, loadProgram } from "../../courses/index.ts";
import { loadPermits } from "../../enrollment/index.ts";
import { loadPlacing } from "../../people/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { type AppContext, databaseOf } from "../../platform/http/context.ts";
import { languageOf } from "../../platform/http/language.ts";
import { logFault } from "../../platform/log.ts";
import type { LinkLaunch } from "./claims.ts";
import { accountFor } from "./people.ts";
import { placesElsewhere } from "./places.ts";
import { placeOf } from "./roles.ts";
import { grantedBy } from "./statements/people.ts";
import type { Platform } from "./tables.ts";
import { mayOpen, type Target, targetOf } from "./target.ts";
import type { EntryFault } from "./texts.ts";

/** Under this name a platform gives rights in courses: no source of rosters has a colon in its name. */
export const sourceOf = (platform: string) => `lti:${platform}`;

interface Entered {
  user: string;
  target: Target;
  place: "learner" | "teacher";
  /** The page that it leads to, below the origin of the pages. */
  path: string;
  /** Why the item is locked for this learner; null: it is open, or is a course. */
  locked: string | null;
}
export type Entry = { ok: true; value: Entered } | { ok: false; fault: EntryFault };
type OpenCourse = CourseEntry & { pointer: CoursePointer };

const no = (fault: EntryFault): Entry => ({ ok: false, fault });

/** The published course of a target, and the page that shows it; what the platform may not open is answered as what is not there. */
async function placeIn(
  c: AppContext,
  platform: Platform,
  { course: slug, item }: Target,
): Promise<{ ok: true; course: OpenCourse; path: string } | { ok: false; fault: EntryFault }> {
  const { courses } = platform.settings;
  if (courses !== null && !courses.includes(slug)) return { ok: false, fault: "course_refused" };
  const course = await fetchCourse(databaseOf(c), slug);
  if (course === null || !mayOpen(courses, course)) return { ok: false, fault: "course_refused" };
  const { pointer } = course;
  // Whoever may name every course learns nothing of those that are not published.
  if (pointer === null) return { ok: false, fault: courses === null ? "course_refused" : "course_unpublished" };
  const open = { ...course, pointer };
  if (item === null) return { ok: true, course: open, path: `/courses/${slug}` };
  const program = await loadProgram(databaseOf(c), slug, pointer.version);
  const index = program?.indexOf.get(item);
  if (program === null || index === undefined) return { ok: false, fault: "item_unknown" };
  const kind = index < program.chapterCount ? "chapters" : "problems";
  return { ok: true, course: open, path: `/courses/${slug}/${kind}/${item.slice(slug.length + 1)}` };
}

/**
 * Lets somebody in whom their platform has named: an account, a place in the course, and the page that the link is for.
 * Repeating it changes nothing.
 */
export async function enter(
  c: AppContext,
  platform: Platform,
  origin: string,
  launch: LinkLaunch,
  now: number,
): Promise<Entry> {
  const place = placeOf(launch.roles);
  if (place === "none") return no("no_role");
  if (place === "mentor") return no("mentor");
  const target = targetOf(origin, launch.target, launch.custom);
  if (target === null) return no("no_target");
  const there = await placeIn(c, platform, target);
  if (!there.ok) return there;
  const user = await accountFor(c.env, platform.id, launch.subject, launch.name, now);
  if (user === null) return no("unavailable");
  const fault = await takePlace(c, platform, there.course, user, place, launch);
  if (fault !== null) return no(fault);
  const locked =
    place === "learner" && target.item !== null ? await whyLocked(c, user, target.course, target.item) : null;
  return { ok: true, value: { user, target, place, path: there.path, locked } };
}

async function takePlace(
  c: AppContext,
  platform: Platform,
  course: OpenCourse,
  user: string,
  place: "learner" | "teacher",
  { deployment, context }: LinkLaunch,
): Promise<EntryFault | null> {
  const { applyActs, Tally } = await loadPlacing();
  const tally = new Tally({}, []);
  const source = sourceOf(platform.id);
  const on = { env: c.env, db: databaseOf(c), course, source };
  const request_id = c.get("requestId");
  const self = { ...on, actor: { id: user, role: "learner" as const, request_id } };
  // What teachers get, the operator has given who registered the platform.
  const operator = { ...on, actor: { id: platform.owner, role: "admin" as const, request_id } };
  try {
    const before = course.members.get(user) ?? null;
    if (place === "teacher") {
      const { teachers } = platform.settings;
      if (before === teachers) return null;
      // Whoever has more rights here keeps them, unless the platform gave them and gives less now.
      const isGiven = (await grantedBy(directory(c.env), course.slug, source, user).first()) !== null;
      if (before === "co_author" && !isGiven) return null;
      await applyActs(operator, [{ do: "member", user, role: teachers }], tally);
    } else {
      const isOfPlatform =
        before !== null && (await grantedBy(directory(c.env), course.slug, source, user).first()) !== null;
      // Who learns in this course of the platform may teach in another one that uses the same course here.
      const teaches =
        isOfPlatform &&
        (await placesElsewhere(c.env, [user], deployment, context?.id ?? "", course.slug)).has(`teacher ${user}`);
      if (isOfPlatform && !teaches) await applyActs(operator, [{ do: "member", user, role: null }], tally);
      // Whom staff here have withdrawn, a link that is still there does not bring back.
      await applyActs(self, [{ do: "learner", user, cohorts: null, returns: "own" }], tally);
    }
  } catch (fault) {
    logFault("lti_entry_failed", fault, { request_id });
    return "unavailable";
  }
  const [lost] = tally.errors;
  if (lost === undefined) return null;
  if (lost.rule === "kept_out") return "kept_out";
  return lost.rule === "people_limit" || lost.rule === "shards_full" ? "full" : "unavailable";
}

/** One sentence of why a learner cannot open an item yet. What is hidden from them is not spoken of. */
async function whyLocked(c: AppContext, user: string, course: string, item: string): Promise<string | null> {
  const { readUnlocks } = await loadPermits();
  c.set("actor", { id: user, role: "learner", session: null });
  const read = await readUnlocks(c, course, { kind: "why", item }, {});
  if (!read.ok || read.value.unchanged || read.value.content.kind !== "why") return null;
  const { explanation } = read.value.content;
  return explanation.is_locked ? explanation.sentence[languageOf(c)] : null;
}
