import type { MemberRole } from "../../courses/index.ts";
import { isMassRemoval } from "../roster.ts";
import type { Listed } from "./merge.ts";
import { type Act, type Keep, type KnownPerson, MAX_COHORTS, type RosterSettings } from "./shapes.ts";
import type { Wanted } from "./wanted.ts";

// What a run changes in a course: the difference between what a source wants and what is. Pure: no I/O, no clock.

/** The course as it is. Users by id. */
export interface CourseNow {
  owner: string;
  members: ReadonlyMap<string, MemberRole>;
  /** Active learners with their cohorts: of the file, of the last run, or the whole class. */
  enrolled: ReadonlyMap<string, readonly string[]>;
  /** `<observer> <learner>` of everybody the file or the last run is about. */
  observers: ReadonlySet<string>;
  /** Rights and observers that this source gave: it takes no others away. `member <user>`, `observer <user> <learner>`. */
  granted: ReadonlySet<string>;
}

export interface Change {
  acts: Act[];
  keeps: Keep[];
  comes: { user: string; cohorts: string[] }[];
  changes: { user: string; from: string[]; to: string[] }[];
  goes: string[];
  unchanged: number;
  needsConfirmation: boolean;
}

export const memberGrant = (user: string) => `member ${user}`;
export const observerGrant = (user: string, learner: string) => `observer ${user} ${learner}`;

interface Side {
  learners: Map<string, string[] | null>;
  roles: Map<string, MemberRole>;
  observers: Set<string>;
}

/**
 * Plans a run.
 *
 * @param userOf users of the people of the file; null: not matched, so nothing is done for them.
 * @param whole whether everybody of the class who is not in the file leaves.
 */
export function planChange(
  input: {
    before: ReadonlyMap<string, KnownPerson>;
    after: ReadonlyMap<string, Listed>;
    wanted: ReadonlyMap<string, Wanted>;
    userOf: ReadonlyMap<string, string | null>;
    settings: RosterSettings;
    missing: "stay" | "leave" | "leave_all";
    isCsv: boolean;
  },
  now: CourseNow,
): Change {
  const side = sideOf(input.wanted, input.userOf);
  const before = new Map<string, string[]>();
  const managed = new Set<string>();
  for (const { user, learner } of input.before.values()) {
    if (user === null || learner === null) continue;
    before.set(user, learner);
    for (const cohort of learner) managed.add(cohort);
  }
  for (const cohorts of side.learners.values()) for (const cohort of cohorts ?? []) managed.add(cohort);
  const change: Change = {
    acts: [],
    keeps: keepsOf(input),
    comes: [],
    changes: [],
    goes: [],
    unchanged: 0,
    needsConfirmation: false,
  };
  for (const [user, cohorts] of side.learners) {
    const has = now.enrolled.get(user);
    if (has === undefined) {
      change.comes.push({ user, cohorts: cohorts ?? [] });
      change.acts.push({ do: "learner", user, cohorts });
      continue;
    }
    // What people have set by hand stays: a OneRoster source moves learners among its own cohorts only.
    const to = cohorts === null ? [...has] : input.isCsv ? cohorts : among(has, cohorts, managed);
    if (isSame(has, to)) change.unchanged += 1;
    else {
      change.changes.push({ user, from: [...has], to });
      change.acts.push({ do: "learner", user, cohorts: to });
    }
  }
  planRights(side, now, change.acts);
  change.goes = leaving(input.missing, before, side, now);
  for (const user of change.goes) change.acts.push({ do: "withdraw", user });
  const isEmptied = change.goes.length > 0 && side.learners.size === 0;
  change.needsConfirmation = isEmptied || isMassRemoval(change.goes.length, now.enrolled.size);
  return change;
}

/** What is wanted, by user: two people of a file may be one user. */
function sideOf(wanted: ReadonlyMap<string, Wanted>, userOf: ReadonlyMap<string, string | null>): Side {
  const side: Side = { learners: new Map(), roles: new Map(), observers: new Set() };
  for (const [id, { learner, role, observes }] of wanted) {
    const user = userOf.get(id) ?? null;
    if (user === null) continue;
    if (learner !== null) {
      const other = side.learners.get(user);
      const both = other == null ? learner.cohorts : [...new Set([...other, ...(learner.cohorts ?? [])])];
      side.learners.set(user, both === null ? null : both.slice(0, MAX_COHORTS));
    }
    if (role !== null && side.roles.get(user) !== "co_author") side.roles.set(user, role);
    for (const child of observes) {
      const of = userOf.get(child) ?? null;
      if (of !== null && of !== user) side.observers.add(`${user} ${of}`);
    }
  }
  return side;
}

function planRights({ roles, observers }: Side, now: CourseNow, acts: Act[]): void {
  for (const [user, role] of roles) {
    const has = now.members.get(user);
    // The owner has every right, and what somebody gave by hand is not changed.
    if (user === now.owner || has === role || (has !== undefined && !now.granted.has(memberGrant(user)))) continue;
    acts.push({ do: "member", user, role });
  }
  for (const pair of observers) {
    if (now.observers.has(pair)) continue;
    const [user = "", learner = ""] = pair.split(" ");
    acts.push({ do: "observer", user, learner, on: true });
  }
  for (const grant of now.granted) {
    const [kind, user = "", learner = ""] = grant.split(" ");
    if (kind === "member" && !roles.has(user)) acts.push({ do: "member", user, role: null });
    if (kind === "observer" && !observers.has(`${user} ${learner}`))
      acts.push({ do: "observer", user, learner, on: false });
  }
}

function leaving(
  missing: "stay" | "leave" | "leave_all",
  before: ReadonlyMap<string, unknown>,
  { learners }: Side,
  { enrolled }: CourseNow,
): string[] {
  if (missing === "stay") return [];
  const gone = [...enrolled.keys()].filter((user) => !learners.has(user));
  return missing === "leave_all" ? gone : gone.filter((user) => before.has(user));
}

/** Cohorts of somebody in which the source's own are as it says. */
function among(has: readonly string[], wanted: readonly string[], managed: ReadonlySet<string>): string[] {
  const others = has.filter((cohort) => !managed.has(cohort));
  return [...new Set([...others, ...wanted])].slice(0, MAX_COHORTS);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.toSorted().join("\n") === b.toSorted().join("\n");
}

/** What has to be written of people: who changed, and who is forgotten. */
function keepsOf({
  before,
  after,
  wanted,
  userOf,
  settings,
}: {
  before: ReadonlyMap<string, KnownPerson>;
  after: ReadonlyMap<string, Listed>;
  wanted: ReadonlyMap<string, Wanted>;
  userOf: ReadonlyMap<string, string | null>;
  settings: RosterSettings;
}): Keep[] {
  const keeps: Keep[] = [];
  const named = settings.classes === null ? null : new Set(settings.classes.map((one) => one.class));
  for (const [id, { said }] of after) {
    // Where classes are named, people of other classes are nobody's business here.
    const isHere =
      named === null || said.is_guardian || Object.values(said.places).some((place) => named.has(place.class));
    const learner = wanted.get(id)?.learner ?? null;
    const row = isHere
      ? { said, user: userOf.get(id) ?? null, learner: learner === null ? null : (learner.cohorts ?? []) }
      : null;
    const known = before.get(id);
    if (row === null && known === undefined) continue;
    if (row === null || known === undefined || textOf(row) !== textOf(known)) keeps.push({ id, row });
  }
  for (const id of before.keys()) if (!after.has(id)) keeps.push({ id, row: null });
  return keeps;
}

/** The same for the same content, whatever the order of its places. */
function textOf({ said, user, learner }: KnownPerson): string {
  const places = Object.entries(said.places)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, place]) => [id, place.class, place.role, place.begin, place.end]);
  return JSON.stringify([said.key, said.is_guardian, said.agents, said.cohorts, places, user, learner]);
}
