import { describe, expect, it } from "vitest";
import type { ImportedPeople } from "../../../../src/courses/importers/format.ts";
import { MOODLE } from "../../../../src/courses/importers/moodle/index.ts";
import { mapPeopleTo } from "../../../../src/courses/importers/people.ts";
import { readFacts } from "../../../../src/enrollment/import.ts";
import { hasCourses, importedFile } from "../../../support/courses/sources.ts";

const at = "2024-01-01T00:00:00.000Z";
const PEOPLE: ImportedPeople = {
  learners: [
    { user: "ada", email: "Ada@Example.org", enrolled_at: at, cohorts: ["group-1"], profile: {} },
    { user: "bob", email: null, enrolled_at: null, cohorts: [], profile: { city: "Bern" } },
    { user: "eve", email: "eve@example.org", enrolled_at: null, cohorts: [], profile: {} },
  ],
  facts: [
    { user: "ada", item: "c.a", at, state: "complete", viewed: true },
    { user: "ada", item: "c.b", at, state: "failed" },
    { user: "ada", item: "c.b", at, score: { points: 3, min: 0, max: 8 } },
    { user: "bob", item: "c.a", at, state: "incomplete" },
    { user: "bob", item: "c.b", at, state: "passed" },
    { user: "eve", item: "c.a", at, state: "complete" },
  ],
};

describe("people of a source", () => {
  it("are imported under the user name or address that the author gives, with facts and dates; nobody else is imported", () => {
    const mapped = mapPeopleTo(
      PEOPLE,
      new Map([
        ["ada@example.org", "u-1"],
        ["BOB", "u-2"],
        ["carol", "u-3"],
      ]),
    );
    expect(mapped).toEqual({
      roster: [
        { user_id: "u-1", cohorts: ["group-1"], profile: {}, enrolled_at: at },
        { user_id: "u-2", cohorts: [], profile: { city: "Bern" }, enrolled_at: null },
      ],
      facts: [
        { user_id: "u-1", item: "c.a", at, completed: true, viewed: true },
        { user_id: "u-1", item: "c.b", at, outcome: "failed" },
        { user_id: "u-1", item: "c.b", at, points: { points: 3, min: 0, max: 8 } },
        { user_id: "u-2", item: "c.b", at, outcome: "passed" },
      ],
      unnamed: 1,
      unknown: ["carol"],
    });
  });

  it.skipIf(!hasCourses).each(["39-with-users", "ladder-a"])(
    "of %s have facts that the progress import takes",
    async (name) => {
      const { people } = await importedFile(MOODLE, `moodle/${name}.mbz`);
      if (people === null) throw new Error("it carries nobody");
      const everybody = new Map(people.learners.map(({ user }, index) => [user, `learner-${index}`]));
      const { roster, facts, unnamed, unknown } = mapPeopleTo(people, everybody);
      expect([roster.length, unnamed, unknown]).toEqual([people.learners.length, 0, []]);
      expect(facts.length).toBeGreaterThan(0);
      const refused = readFacts(facts, () => null).filter((row) => "errors" in row);
      expect(refused).toEqual([]);
    },
  );
});
