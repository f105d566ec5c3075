import { describe, expect, it } from "vitest";
import { z } from "zod";
import { mergeRoster } from "../../../src/people/rosters/merge.ts";
import { readOneRoster } from "../../../src/people/rosters/one-roster/read.ts";
import type { KnownPerson, RosterFile } from "../../../src/people/rosters/shapes.ts";
import { settingsSchema } from "../../../src/people/rosters/shapes.ts";
import { unpackRoster } from "../../../src/people/rosters/unpack.ts";
import { courseBytes, courseJson, hasCourses } from "../../support/courses/sources.ts";

const SETTINGS = settingsSchema.parse({});
const membersSchema = z.record(z.string(), z.record(z.string(), z.array(z.string())));
const expectedSchema = z.looseObject({
  "bulk-1.1.zip": z.looseObject({ members: membersSchema }),
  "bulk-1.2.zip": z.looseObject({ members: membersSchema }),
  "delta-1.1.zip": z.looseObject({ members_after: membersSchema }),
  "quirks-1.1.zip": z.looseObject({
    members: membersSchema,
    rows_to_report: z.array(z.looseObject({ why: z.string() })),
  }),
});

const FILES: Readonly<Record<string, string>> = {
  manifest: "propertyName,value\noneroster.version,1.1\nfile.users,bulk\nfile.classes,bulk\nfile.enrollments,bulk\n",
  classes: "sourcedId,title\nk-1,One\n",
  users: "sourcedId,enabledUser,role,email,agentSourcedIds\nada,true,student,ada@example.org,\n",
  enrollments: "sourcedId,classSourcedId,userSourcedId,role\ne-1,k-1,ada,student\n",
};
const readFiles = (changed: Readonly<Record<string, string>> = {}) =>
  readOneRoster(new Map(Object.entries({ ...FILES, ...changed })), SETTINGS);

/** Who is in which class, by role, after a file: as the expected answers have it. */
function membersIn(after: ReturnType<typeof mergeRoster>["after"]) {
  const members: Record<string, Record<string, string[]>> = {};
  for (const [person, { said }] of after) {
    for (const { class: group, role } of Object.values(said.places)) {
      const roles = members[group] ?? {};
      members[group] = { ...roles, [role]: [...(roles[role] ?? []), person] };
    }
  }
  for (const roles of Object.values(members)) for (const people of Object.values(roles)) people.sort();
  return members;
}

async function read(name: string): Promise<ReturnType<typeof readOneRoster>> {
  const texts = await unpackRoster(await courseBytes(`oneroster/${name}`), name);
  if (!texts.ok) throw new Error(JSON.stringify(texts.refusal));
  return readOneRoster(texts.value, SETTINGS);
}

const known = (after: ReturnType<typeof mergeRoster>["after"]): Map<string, KnownPerson> =>
  new Map([...after].map(([id, { said }]) => [id, { said, user: null, learner: null }]));
const merged = (file: RosterFile, before: ReadonlyMap<string, KnownPerson> = new Map()) => mergeRoster(before, file);

describe.skipIf(!hasCourses)("OneRoster files of another system", () => {
  const expected = () => expectedSchema.parse(courseJson("oneroster/EXPECTED.json"));

  it("have the expected members, in 1.1, in 1.2 and with known differences", async () => {
    for (const name of ["bulk-1.1.zip", "bulk-1.2.zip", "quirks-1.1.zip"] as const) {
      const { file, faults } = await read(name);
      expect(faults, name).toEqual([]);
      expect(membersIn(merged(file).after), name).toEqual(expected()[name].members);
    }
  });

  it("may contain only changes, and a file of changes read twice has the effect of one", async () => {
    const bulk = merged((await read("bulk-1.1.zip")).file).after;
    const { file, faults } = await read("delta-1.1.zip");
    expect(faults).toEqual([]);
    const once = merged(file, known(bulk)).after;
    expect(membersIn(once)).toEqual(expected()["delta-1.1.zip"].members_after);
    expect(membersIn(merged(file, known(once)).after)).toEqual(membersIn(once));
  });

  it("are imported with a report that says of each left out row where it is and why", async () => {
    const { notes } = await read("quirks-1.1.zip");
    const rules = notes.map(({ rule }) => rule).sort();
    expect(rules).toEqual(
      expect.arrayContaining(["duplicate", "unknown_class", "unknown_column", "unknown_user", "unknown_property"]),
    );
    expect(notes.find(({ rule }) => rule === "unknown_user")).toMatchObject({
      path: expect.stringMatching(/^enrollments\.csv line \d+ userSourcedId$/),
    });
  });
});

describe("a OneRoster file that is not one", () => {
  const faultsOf = (changed: Readonly<Record<string, string>>) =>
    readFiles(changed).faults.map(({ path, rule }) => `${path}: ${rule}`);

  it("is refused with file, line, field and rule", () => {
    expect(readFiles().faults).toEqual([]);
    expect(faultsOf({ manifest: "propertyName,value\noneroster.version,1.0\n" })).toEqual([
      "manifest.csv line 2 value: unknown_version",
    ]);
    expect(faultsOf({ manifest: "propertyName,value\nfile.users,bulk\n" })).toEqual(["manifest.csv: missing"]);
    expect(faultsOf({ users: "id,email\nada,ada@example.org\n" })).toEqual([
      "users.csv line 1 sourcedId: missing_column",
    ]);
    expect(faultsOf({ users: "sourcedId,email\nada\n" })).toEqual(["users.csv line 2: column_count"]);
    expect(faultsOf({ users: 'sourcedId,email\nada,"x\n' })).toEqual(["users.csv line 2: broken_quotes"]);
    expect(faultsOf({ users: "sourcedId,enabledUser\nada,perhaps\n" })).toEqual([
      "users.csv line 2 enabledUser: invalid_boolean",
    ]);
    expect(faultsOf({ users: "sourcedId,status\nada,gone\n" })).toEqual(["users.csv line 2 status: unknown_status"]);
    expect(
      faultsOf({ enrollments: "sourcedId,classSourcedId,userSourcedId,role,endDate\ne-1,k-1,ada,student,soon\n" }),
    ).toEqual(["enrollments.csv line 2 endDate: invalid_date"]);
    expect(faultsOf({ manifest: `${FILES.manifest}file.roles,bulk\n` })).toEqual(["roles.csv: missing_file"]);
  });

  it("needs a status in each row of changes", () => {
    const manifest = (FILES.manifest ?? "").replace("file.users,bulk", "file.users,delta");
    expect(faultsOf({ manifest, users: "sourcedId,status\nada,\n" })).toEqual(["users.csv line 2 status: missing"]);
  });

  it("may be another kind of file, or a zip that was cut off", async () => {
    const text = await unpackRoster(Uint8Array.from(new TextEncoder().encode("sourcedId\n")), "roster.zip");
    expect(text).toMatchObject({ ok: false, refusal: { errors: [{ path: "roster.zip", rule: "not_a_zip" }] } });
    const cut = await unpackRoster(new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]), "roster.zip");
    expect(cut).toMatchObject({ ok: false, refusal: { errors: [{ rule: "truncated_archive" }] } });
  });

  it("says that demographics are never read", () => {
    const { notes } = readFiles({ manifest: `${FILES.manifest}file.demographics,bulk\n`, demographics: "sourcedId\n" });
    expect(notes).toMatchObject([{ path: "demographics.csv", rule: "not_read" }]);
  });
});
