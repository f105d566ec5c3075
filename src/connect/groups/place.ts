import { z } from "zod";
import { fetchCourse, MEMBER_ROLES } from "../../courses/index.ts";
import { loadPlacing, type RosterAct } from "../../people/index.ts";
import { countedDatabase } from "../../platform/database/counted.ts";
import { directory } from "../../platform/database/shards.ts";
import { actsFor, type Given, type Place, placesOf } from "./plan.ts";
import { type GroupRule, ruleSchema } from "./shapes.ts";
import { FORGET_PLACES, KEEP_PLACES, PLACES_OF, rulesOf } from "./statements.ts";

const ruleRow = z.object({
  group_name: z.string(),
  course_slug: z.string(),
  role: z.string(),
  cohort: z.string().nullable(),
});
const givenRow = z.object({
  user_id: z.string(),
  course_slug: z.string(),
  learner: z.string().nullable(),
  enrolled: z.int(),
  member: z.enum(MEMBER_ROLES).nullable(),
});
const cohortsSchema = z.array(z.string());

/** What has to be done for one person in one course. */
interface Task {
  user: string;
  wanted: Place | undefined;
  given: Given | undefined;
  acts: RosterAct[];
}

/** The rules of a source. */
export async function readRules(env: Env, source: string): Promise<GroupRule[]> {
  const { results } = await rulesOf(directory(env), source).all();
  return results.map((row) => {
    const { group_name, course_slug, role, cohort } = ruleRow.parse(row);
    return ruleSchema.parse({ group: group_name, course: course_slug, role, cohort });
  });
}

/** Gives whoever has just signed in the places of the groups that their provider has named. */
export async function placeClaimed(
  env: Env,
  source: string,
  user: string,
  groups: readonly string[],
  requestId: string,
): Promise<void> {
  await placeAll(env, source, new Map([[user, groups]]), requestId);
}

/**
 * Brings the places of people in line with their groups: enrolls, withdraws, changes cohorts and rights. Takes away only
 * what it gave. Harmless to repeat; where everything is as it should be, it writes nothing.
 *
 * @param people with the names of their groups.
 * @returns whose places could not be given yet, and why.
 */
export async function placeAll(
  env: Env,
  source: string,
  people: ReadonlyMap<string, readonly string[]>,
  requestId: string,
): Promise<Map<string, string>> {
  const rules = await readRules(env, source);
  const given = await givenTo(env, source, [...people.keys()]);
  const tasks = new Map<string, Task[]>();
  for (const [user, groups] of people) {
    const wanted = placesOf(groups, rules);
    const had = given.get(user) ?? new Map<string, Given>();
    for (const course of new Set([...wanted.keys(), ...had.keys()])) {
      const task = { user, wanted: wanted.get(course), given: had.get(course) };
      const acts = actsFor(user, task.wanted, task.given);
      if (acts.length > 0) tasks.set(course, [...(tasks.get(course) ?? []), { ...task, acts }]);
    }
  }
  const waits = new Map<string, string>();
  for (const [course, due] of tasks) await placeIn(env, source, course, due, requestId, waits);
  return waits;
}

async function givenTo(env: Env, source: string, users: readonly string[]): Promise<Map<string, Map<string, Given>>> {
  const rows = await PLACES_OF.find(directory(env), users, source);
  const given = new Map<string, Map<string, Given>>();
  for (const row of rows) {
    const { user_id, course_slug, learner, enrolled, member } = givenRow.parse(row);
    const places = given.get(user_id) ?? new Map<string, Given>();
    const cohorts = learner === null ? null : cohortsSchema.parse(JSON.parse(learner));
    places.set(course_slug, { learner: cohorts, enrolled: enrolled === 1, member });
    given.set(user_id, places);
  }
  return given;
}

async function placeIn(
  env: Env,
  source: string,
  slug: string,
  tasks: readonly Task[],
  request_id: string,
  waits: Map<string, string>,
): Promise<void> {
  const db = directory(env);
  const counted = countedDatabase(db, { count: 0 });
  const course = await fetchCourse(counted, slug);
  if (course === null)
    return forget(
      env,
      source,
      slug,
      tasks.map(({ user }) => user),
    );
  if (course.pointer === null) {
    const why = `course_unpublished: the course ${slug} has no published version yet`;
    for (const { user } of tasks) waits.set(user, why);
    return;
  }
  const { applyActs, Tally } = await loadPlacing();
  const tally = new Tally({}, []);
  const actor = { id: "system", role: "system", request_id };
  // No roster's source is called so.
  const on = { env, db: counted, course: { ...course, pointer: course.pointer }, source: `groups:${source}`, actor };
  // An owner has every right already.
  const acts = tasks.flatMap((task) => task.acts.filter((act) => act.do !== "member" || act.user !== course.owner_id));
  try {
    await applyActs(on, acts, tally);
  } catch (fault) {
    // It was this that enrolled them: that must be known when the rest is done.
    await keep(
      env,
      source,
      slug,
      tasks.filter(({ user }) => tally.enrolled.has(user)),
      tally.enrolled,
    );
    throw fault;
  }
  const lost = new Set(tally.errors.map(({ path }) => path));
  await keep(
    env,
    source,
    slug,
    tasks.filter(({ user }) => !lost.has(user)),
    tally.enrolled,
  );
  for (const { path, rule, message } of tally.errors) waits.set(path, `${rule}: ${slug}: ${message}`);
}

async function keep(env: Env, source: string, slug: string, tasks: readonly Task[], enrolled: ReadonlySet<string>) {
  const rows = tasks.flatMap(({ user, wanted, given }) => {
    if (wanted === undefined) return [];
    const isOurs = wanted.learner !== null && (given?.enrolled === true || enrolled.has(user));
    const learner = wanted.learner === null ? null : JSON.stringify(wanted.learner);
    return [[user, slug, learner, isOurs ? 1 : 0, wanted.member]];
  });
  const statements = KEEP_PLACES.over(directory(env), rows, source);
  if (statements.length > 0) await directory(env).batch(statements);
  await forget(
    env,
    source,
    slug,
    tasks.filter(({ wanted }) => wanted === undefined).map(({ user }) => user),
  );
}

async function forget(env: Env, source: string, slug: string, users: readonly string[]): Promise<void> {
  const statements = FORGET_PLACES.over(directory(env), users, source, slug);
  if (statements.length > 0) await directory(env).batch(statements);
}
