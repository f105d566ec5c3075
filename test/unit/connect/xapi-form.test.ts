import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factOf } from "../../../src/connect/xapi/facts.ts";
import { multipartOf, partsOf } from "../../../src/connect/xapi/form/multipart.ts";
import { saysTheSame } from "../../../src/connect/xapi/form/same.ts";
import { oneLanguage, shownAs } from "../../../src/connect/xapi/form/shown.ts";
import { type Statement, statementSchema, VOIDED } from "../../../src/connect/xapi/form/statement.ts";
import { termsOf, termsSought } from "../../../src/connect/xapi/form/terms.ts";
import { instantOf } from "../../../src/connect/xapi/form/values.ts";
import { settingsSchema } from "../../../src/connect/xapi/settings.ts";

const ADL = "http://adlnet.gov/expapi/verbs/";
const base = {
  actor: { mbox: "mailto:ada@example.org" },
  verb: { id: `${ADL}completed` },
  object: { id: "https://a.org/x" },
};

/** Paths of what is wrong with a statement. */
function faults(change: object, major: 1 | 2 = 1): string[] {
  const read = statementSchema(major).safeParse({ ...base, ...change });
  return read.success ? [] : read.error.issues.map(({ path }) => path.join("."));
}
const statement = (change: object = {}): Statement => statementSchema(2).parse({ ...base, ...change });

describe("the form of statements", () => {
  it.each([
    [{ actor: { mbox: "mailto:a@b.c", openid: "https://a.org" } }, "actor"],
    [{ actor: { mbox: "a@b.c" } }, "actor.mbox"],
    [{ actor: { objectType: "Group" } }, "actor.member"],
    [{ actor: { objectType: "Group", member: [{ objectType: "Group", member: [base.actor] }] } }, "actor.member.0"],
    [{ verb: { id: "completed" } }, "verb.id"],
    [{ verb: { id: VOIDED } }, "object"],
    [{ id: "1" }, "id"],
    [{ object: null }, "object"],
    [
      { object: { objectType: "SubStatement", ...base, object: { objectType: "SubStatement", ...base } } },
      "object.object",
    ],
    [{ object: { id: "https://a.org/x", definition: { name: { "not a tag": "x" } } } }, "object.definition.name"],
    [
      { object: { id: "https://a.org/x", definition: { choices: [{ id: "a" }] } } },
      "object.definition.interactionType",
    ],
    [{ object: { ...base.actor, objectType: "Agent" }, context: { platform: "x" } }, "context.platform"],
    [{ result: { score: { scaled: 1.5 } } }, "result.score.scaled"],
    [{ result: { score: { raw: 5, min: 6 } } }, "result.score.raw"],
    [{ result: { duration: "5 minutes" } }, "result.duration"],
    [{ timestamp: "2026-02-30T10:00:00Z" }, "timestamp"],
    [{ timestamp: "2026-02-03T10:00:00-00:00" }, "timestamp"],
    [{ version: "1.1.0" }, "version"],
    [{ context: { contextAgents: [] } }, "context"],
    [{ surprise: 1 }, ""],
  ])("names what is wrong: %j", (change, path) => {
    const found = faults(change);
    expect(found.length).toBeGreaterThan(0);
    expect(
      found.every((one) => one === path || one.startsWith(`${path}.`)),
      found.join(),
    ).toBe(true);
  });

  it("accepts what version 2.0 has and 1.0 does not have", () => {
    const context = { contextAgents: [{ objectType: "contextAgent", agent: base.actor }] };
    expect(faults({ context }, 2)).toEqual([]);
  });

  it("accepts null in extensions only", () => {
    expect(faults({ result: { extensions: { "https://a.org/e": null } } })).toEqual([]);
    expect(faults({ result: { response: null } })).toEqual(["result.response"]);
  });

  it("reads every instant that JavaScript writes, and any offset but -00:00", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
        fc.integer({ min: 1, max: 14 }),
        (date, hours) => {
          expect(instantOf(date.toISOString())).toBe(date.getTime());
          const zone = `+${String(hours).padStart(2, "0")}:00`;
          expect(instantOf(date.toISOString().replace("Z", zone))).toBe(date.getTime() - hours * 3_600_000);
          expect(instantOf(date.toISOString().replace("Z", "-00:00"))).toBeNull();
        },
      ),
    );
  });

  it("transports any bytes in multipart/mixed", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 5 }), (all) => {
        const { body, contentType } = multipartOf(all.map((bytes) => ({ headers: new Map([["X-A", "1"]]), bytes })));
        const parts = partsOf(body, contentType.split("boundary=")[1] ?? "");
        expect(parts.ok && parts.value.map(({ bytes }) => [...bytes])).toEqual(all.map((bytes) => [...bytes]));
      }),
    );
  });

  it("refuses a multipart body that is cut off, at any byte", () => {
    const { body, contentType } = multipartOf([{ headers: new Map([["A", "b"]]), bytes: new Uint8Array([1, 2, 3]) }]);
    const boundary = contentType.split("boundary=")[1] ?? "";
    for (let end = 0; end < body.length - 4; end += 1) expect(partsOf(body.subarray(0, end), boundary).ok).toBe(false);
  });
});

describe("statements that are sent again", () => {
  it("are the same in any order of their fields, without the fields that the store sets", () => {
    const one = statement({ context: { contextActivities: { parent: { id: "https://a.org/p" } } } });
    const stored = { ...one, stored: "2026-01-01T00:00:00Z", version: "1.0.0", timestamp: "2026-01-01T00:00:00Z" };
    expect(
      saysTheSame(
        Object.assign(
          {},
          ...Object.entries(one)
            .reverse()
            .map(([name, value]) => ({ [name]: value })),
        ),
        stored,
      ),
    ).toBe(true);
  });

  it("are the same with durations that differ by less than a hundredth of a second", () => {
    const lasting = (duration: string) => statement({ result: { duration } });
    expect(saysTheSame(lasting("PT1.237S"), lasting("PT1.231S"))).toBe(true);
    expect(saysTheSame(lasting("PT1.23S"), lasting("PT1.24S"))).toBe(false);
  });

  it("differ if any other field differs", () => {
    expect(saysTheSame(statement({ result: { success: true } }), statement())).toBe(false);
    expect(
      saysTheSame(statement({ timestamp: "2026-01-01T00:00:00Z" }), statement({ timestamp: "2026-01-01T00:00:01Z" })),
    ).toBe(false);
  });
});

describe("a search for statements", () => {
  it("finds an agent in any form of its address, and also as a member of a group", () => {
    const [sought = ""] = termsSought({ agent: { mbox: "mailto:ADA@example.org" } });
    expect(termsOf(statement())).toContain(sought);
    expect(termsOf(statement({ actor: { objectType: "Group", member: [base.actor] } }))).toContain(sought);
  });

  it("finds people who are only named elsewhere in a statement with related_agents only", () => {
    const team = statement({ actor: { openid: "https://b.org" }, context: { instructor: base.actor } });
    const agent = base.actor;
    expect(termsOf(team)).not.toContain(termsSought({ agent })[0]);
    expect(termsOf(team)).toContain(termsSought({ agent, related_agents: true })[0]);
  });
});

describe("the format of an answer", () => {
  const full = statement({
    actor: { mbox: "mailto:ada@example.org", name: "Ada" },
    verb: { id: `${ADL}completed`, display: { en: "completed", zh: "完成" } },
    object: { id: "https://a.org/x", definition: { name: { en: "X", de: "Ix" } } },
  });
  const showing = { languages: "de;q=0.5, zh", definitionOf: () => undefined };

  it("with ids has only ids", () => {
    const { actor, verb, object } = shownAs(full, { ...showing, format: "ids" });
    expect({ actor, verb, object }).toEqual({
      actor: { mbox: "mailto:ada@example.org" },
      verb: { id: `${ADL}completed` },
      object: { id: "https://a.org/x" },
    });
  });

  it("canonical has one language of each text", () => {
    const { verb, object } = shownAs(full, { ...showing, format: "canonical" });
    expect(verb.display).toEqual({ zh: "完成" });
    expect(object).toEqual({ id: "https://a.org/x", definition: { name: { de: "Ix" } } });
    expect(oneLanguage({ "en-GB": "a" }, "en")).toEqual({ "en-GB": "a" });
  });
});

describe("the fact that a statement makes", () => {
  const settings = (move_on: string | null, verbs = {}) =>
    settingsSchema.parse({ verbs, items: { "https://a.org/x": { item: "c.x", move_on } } });
  const fact = (verb: string, move_on: string | null = null, rest: object = {}, also = false) =>
    factOf(
      statement({ verb: { id: verb.includes(":") ? verb : ADL + verb }, ...rest }),
      settings(move_on),
      async () => also,
    );

  it("follows from the verb", async () => {
    expect(await fact("completed")).toEqual({ item: "c.x", completed: true, without_score: true });
    expect(await fact("completed", null, { result: { score: { scaled: 0.5 } } })).toEqual({
      item: "c.x",
      completed: true,
      score: 50,
    });
    expect(await fact("failed", null, { result: { score: { scaled: 0.25 } } })).toEqual({
      item: "c.x",
      outcome: "failed",
      score: 25,
    });
    expect(await fact("scored", null, { result: { score: { raw: 5, min: 0, max: 20 } } })).toEqual({
      item: "c.x",
      score: 25,
    });
    expect(await fact("experienced")).toEqual({ item: "c.x", viewed: true });
    expect(await fact("https://w3id.org/xapi/adl/verbs/abandoned")).toBeNull();
    expect(await fact("https://b.org/unknown")).toBeNull();
    expect(await fact("completed", null, { object: { id: "https://a.org/other" } })).toBeNull();
    expect(await fact("completed", null, { result: { completion: false } })).toEqual({ item: "c.x", viewed: true });
  });

  it("follows from the table of the course", async () => {
    const own = settings(null, { "https://b.org/built": "contributed", [`${ADL}completed`]: "submitted" });
    expect(await factOf(statement({ verb: { id: "https://b.org/built" } }), own, async () => false)).toMatchObject({
      contributed: true,
    });
    expect(await factOf(statement(), own, async () => false)).toMatchObject({ submitted: true });
  });

  it.each([
    ["Passed", "completed", false, { viewed: true }],
    ["Passed", "passed", false, { outcome: "passed" }],
    ["Completed", "completed", false, { completed: true, without_score: true }],
    ["Completed", "passed", false, { viewed: true }],
    ["CompletedOrPassed", "passed", false, { outcome: "passed" }],
    ["CompletedAndPassed", "passed", false, { viewed: true }],
    ["CompletedAndPassed", "completed", true, { outcome: "passed" }],
    ["NotApplicable", "initialized", false, { completed: true, without_score: true }],
    ["Passed", "https://w3id.org/xapi/adl/verbs/waived", false, { completed: true, without_score: true }],
  ])("follows moveOn %s: %s (the other said: %s)", async (move_on, verb, also, expected) => {
    expect(await fact(verb, move_on, {}, also)).toEqual({ item: "c.x", ...expected });
  });
});
