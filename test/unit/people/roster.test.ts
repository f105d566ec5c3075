import { describe, expect, it } from "vitest";
import { readRecords } from "../../../src/people/csv.ts";
import { isMassRemoval, planRoster, readRoster } from "../../../src/people/roster.ts";

describe("a file of comma-separated values", () => {
  it("has quoted fields with commas, doubled quotes and line breaks, and any line ends", () => {
    const text = '\uFEFFname,note\r\n"Lovelace, Ada","said ""yes"""\n\n"two\nlines",x\r\n';
    expect(readRecords(text)).toEqual({
      records: [
        { line: 1, fields: ["name", "note"] },
        { line: 2, fields: ["Lovelace, Ada", 'said "yes"'] },
        { line: 4, fields: ["two\nlines", "x"] },
      ],
      brokenAt: null,
    });
  });

  it.each([
    ['a,b\n"x,y\n', 2],
    ['a\nx"y\n', 2],
    ['a\n"x"y\n', 2],
  ])("names the line of a quote that opens or closes nothing: %j", (text, line) => {
    expect(readRecords(text).brokenAt).toBe(line);
  });
});

describe("a roster", () => {
  it("is read by its header, in any case and order, with the column names of other programs", () => {
    const { rows, errors } = readRoster("Group,E-Mail,Username\na; b ;a,Ada@Example.org,\n,,ben\n");
    expect(errors).toEqual([]);
    expect(rows).toEqual([
      { line: 2, user_id: null, email: "ada@example.org", cohorts: ["a", "b"] },
      { line: 3, user_id: "ben", email: null, cohorts: [] },
    ]);
  });

  it("reports all its errors, each with its line", () => {
    const { errors } = readRoster("email\nnot-an-address\nada@example.org\nada@example.org\na,b\n");
    expect(errors.map(({ path, rule }) => [path, rule])).toEqual([
      ["csv line 2", "invalid_email"],
      ["csv line 4", "duplicate"],
      ["csv line 5", "column_count"],
    ]);
    expect(readRoster("name\nAda\n").errors[0]?.rule).toBe("missing_column");
  });

  it("says who comes, who changes and who goes; nobody goes unless the file is the whole class", () => {
    const enrolled = new Map([
      ["ada", ["a"]],
      ["ben", []],
      ["cem", ["x", "y"]],
    ]);
    const listed = [
      { user: "ada", cohorts: ["b"] },
      { user: "cem", cohorts: ["y", "x"] },
      { user: "dan", cohorts: null },
    ];
    const plan = planRoster(listed, enrolled, true);
    expect(plan).toEqual({
      comes: [{ user: "dan", cohorts: null }],
      changes: [{ user: "ada", from: ["a"], to: ["b"] }],
      goes: ["ben"],
      unchanged: 1,
    });
    expect(planRoster(listed, enrolled, false).goes).toEqual([]);
  });

  it("changes nothing when it is compared again with the class that it made", () => {
    const listed = [
      { user: "ada", cohorts: ["b"] },
      { user: "dan", cohorts: [] },
    ];
    const after = new Map(listed.map(({ user, cohorts }) => [user, cohorts]));
    expect(planRoster(listed, after, true)).toEqual({ comes: [], changes: [], goes: [], unchanged: 2 });
  });

  it("needs a confirmation before more than five learners and more than a fifth of the class go", () => {
    expect([isMassRemoval(5, 5), isMassRemoval(6, 30), isMassRemoval(7, 30), isMassRemoval(0, 0)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });
});
