import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeRoster } from "../../../src/people/rosters/merge.ts";
import { type CourseNow, memberGrant, observerGrant, planChange } from "../../../src/people/rosters/plan.ts";
import {
  CLASS_ROLES,
  type KnownPerson,
  type Place,
  type RosterFile,
  settingsSchema,
} from "../../../src/people/rosters/shapes.ts";
import { cohortOf, wantedOf } from "../../../src/people/rosters/wanted.ts";

const TODAY = "2026-11-30";
const SETTINGS = settingsSchema.parse({ match: "sourced_id", guardians: true, aide: "grader" });

/** A course that does what a plan says: what the real one is shown to do by the tests of the Worker. */
interface World {
  known: Map<string, KnownPerson>;
  now: {
    owner: string;
    members: Map<string, "grader" | "co_author">;
    enrolled: Map<string, string[]>;
    observers: Set<string>;
    granted: Set<string>;
  };
}

const newWorld = (): World => ({
  known: new Map(),
  now: { owner: "owner", members: new Map(), enrolled: new Map(), observers: new Set(), granted: new Set() },
});

type Missing = "stay" | "leave" | "leave_all";

function planIn(world: World, file: RosterFile, missing: Missing = "leave", settings = SETTINGS) {
  const { after } = mergeRoster(world.known, file);
  const wanted = wantedOf(after, settings, TODAY);
  const userOf = new Map([...after].map(([id, { said }]) => [id, said.key]));
  const now: CourseNow = world.now;
  return planChange({ before: world.known, after, wanted, userOf, settings, missing, isCsv: false }, now);
}

function carryOut(world: World, { acts, keeps }: ReturnType<typeof planIn>): void {
  const { members, enrolled, observers, granted } = world.now;
  for (const act of acts) {
    if (act.do === "learner") enrolled.set(act.user, act.cohorts ?? enrolled.get(act.user) ?? []);
    else if (act.do === "withdraw") enrolled.delete(act.user);
    else if (act.do === "member" && act.role === null) {
      members.delete(act.user);
      granted.delete(memberGrant(act.user));
    } else if (act.do === "member" && act.role !== null) {
      members.set(act.user, act.role);
      granted.add(memberGrant(act.user));
    } else if (act.do === "observer") {
      const pair = `${act.user} ${act.learner}`;
      if (act.on) observers.add(pair);
      else observers.delete(pair);
      if (act.on) granted.add(observerGrant(act.user, act.learner));
      else granted.delete(observerGrant(act.user, act.learner));
    }
  }
  for (const { id, row } of keeps) {
    if (row === null) world.known.delete(id);
    else world.known.set(id, row);
  }
}

const ids = fc.constantFrom("ada", "ben", "cem", "dia", "eve");
const person = fc.record({
  key: fc.option(ids, { nil: null }),
  name: fc.constant(""),
  is_guardian: fc.boolean(),
  agents: fc.uniqueArray(ids, { maxLength: 2 }),
  cohorts: fc.constant(null),
});
const place = fc.record({
  person: ids,
  class: fc.constantFrom("k-1", "k-2"),
  role: fc.constantFrom(...CLASS_ROLES),
  begin: fc.option(fc.constantFrom("2026-01-01", "2027-01-01"), { nil: null }),
  end: fc.option(fc.constantFrom("2026-06-01", "2027-06-01"), { nil: null }),
});
const part = <T>(key: fc.Arbitrary<string>, value: fc.Arbitrary<T>) =>
  fc.option(
    fc.record({
      isWhole: fc.boolean(),
      rows: fc
        .uniqueArray(fc.tuple(key, fc.option(value, { nil: null })), { selector: ([id]) => id, maxLength: 6 })
        .map((rows) => new Map(rows)),
    }),
    { nil: null },
  );
const files = fc.record({
  people: part(ids, person),
  places: part(fc.constantFrom("e-1", "e-2", "e-3", "e-4", "e-5"), place),
  classes: part(fc.constantFrom("k-1", "k-2"), fc.constant({ title: "" })),
});

const whole = (
  people: readonly string[],
  places: Readonly<Record<string, Place & { person: string }>>,
): RosterFile => ({
  people: {
    isWhole: true,
    rows: new Map(
      people.map((id) => [id, { key: id, name: id, is_guardian: id.startsWith("parent"), agents: [], cohorts: null }]),
    ),
  },
  places: { isWhole: true, rows: new Map(Object.entries(places)) },
  classes: null,
});
const student = (who: string, group = "k-1") => ({
  person: who,
  class: group,
  role: "student" as const,
  begin: null,
  end: null,
});

describe("a run of a roster", () => {
  it("[I5] changes nothing when the same file comes again, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(files, { minLength: 1, maxLength: 4 }), (sent) => {
        const world = newWorld();
        for (const file of sent) carryOut(world, planIn(world, file));
        const last = sent.at(-1);
        if (last === undefined) return;
        const again = planIn(world, last);
        expect(again.acts).toEqual([]);
        expect(again.keeps).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("[I5] that was killed at any step and begins again has the same result as one that was not", () => {
    fc.assert(
      fc.property(files, files, fc.nat(12), (first, second, at) => {
        const [killed, straight] = [newWorld(), newWorld()];
        for (const world of [killed, straight]) carryOut(world, planIn(world, first));
        const plan = planIn(killed, second);
        carryOut(killed, { ...plan, acts: plan.acts.slice(0, at), keeps: [] });
        carryOut(killed, plan);
        carryOut(straight, planIn(straight, second));
        expect(killed).toEqual(straight);
      }),
    );
  });

  it("removes only what it gave itself, and never changes the owner", () => {
    fc.assert(
      fc.property(fc.array(files, { minLength: 1, maxLength: 3 }), (sent) => {
        const world = newWorld();
        world.now.members.set("ada", "co_author");
        world.now.owner = "ben";
        world.now.observers.add("cem dia");
        for (const file of sent) carryOut(world, planIn(world, file));
        expect(world.now.members.get("ada")).toBe("co_author");
        expect(world.now.members.has("ben")).toBe(false);
        expect(world.now.observers.has("cem dia")).toBe(true);
      }),
    );
  });

  it("removes learners that it listed before, all learners, or none, as configured", () => {
    const world = newWorld();
    world.now.enrolled.set("by-hand", ["early"]);
    carryOut(world, planIn(world, whole(["ada", "ben"], { "e-1": student("ada"), "e-2": student("ben") })));
    const less = whole(["ada"], { "e-1": student("ada") });
    expect(planIn(world, less, "stay").goes).toEqual([]);
    expect(planIn(world, less, "leave").goes).toEqual(["ben"]);
    expect(planIn(world, less, "leave_all").goes).toEqual(["by-hand", "ben"]);
  });

  it("moves learners between its own cohorts only", () => {
    const world = newWorld();
    carryOut(world, planIn(world, whole(["ada"], { "e-1": student("ada") })));
    world.now.enrolled.set("ada", ["k-1", "early"]);
    const moved = planIn(world, whole(["ada"], { "e-1": student("ada", "k-2") }));
    expect(moved.changes).toEqual([{ user: "ada", from: ["k-1", "early"], to: ["early", "k-2"] }]);
  });

  it("asks for a confirmed number before many learners leave, and before a whole file empties a class", () => {
    const many = Array.from({ length: 40 }, (_, index) => `learner-${index}`);
    const places = (people: readonly string[]) => Object.fromEntries(people.map((id) => [id, student(id)]));
    const world = newWorld();
    carryOut(world, planIn(world, whole(many, places(many))));
    const without = (count: number) => planIn(world, whole(many.slice(count), places(many.slice(count))));
    expect(without(5).needsConfirmation).toBe(false);
    expect(without(8).needsConfirmation).toBe(false);
    expect(without(9).needsConfirmation).toBe(true);
    const small = newWorld();
    carryOut(small, planIn(small, whole(["ada"], { "e-1": student("ada") })));
    expect(planIn(small, whole([], {})).needsConfirmation).toBe(true);
  });

  it("makes guardians observers, whichever of the two names the other", () => {
    const file = whole(["ada", "parent-1", "parent-2"], { "e-1": student("ada") });
    const rows = file.people?.rows;
    for (const [id, agents] of [
      ["ada", ["parent-1"]],
      ["parent-2", ["ada"]],
    ] as const) {
      const row = rows?.get(id);
      if (row != null) rows?.set(id, { ...row, agents: [...agents] });
    }
    const { acts } = planIn(newWorld(), file);
    expect(acts.filter((act) => act.do === "observer")).toEqual([
      { do: "observer", user: "parent-1", learner: "ada", on: true },
      { do: "observer", user: "parent-2", learner: "ada", on: true },
    ]);
  });

  it("names a cohort after a class, with the letters that a cohort may have", () => {
    expect(cohortOf("K-1/Autumn 26")).toBe("k-1-autumn-26");
    expect(cohortOf("班级")).toBeNull();
  });
});
