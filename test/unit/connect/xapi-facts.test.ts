import { expect, it } from "vitest";
import { factOf } from "../../../src/connect/xapi/facts.ts";
import { statementSchema } from "../../../src/connect/xapi/form/statement.ts";
import { settingsSchema } from "../../../src/connect/xapi/settings.ts";

const ACTIVITY = "https://content.example.org/exam";
const settings = settingsSchema.parse({ items: { [ACTIVITY]: { item: "course.exam" } } });

/** The score of the fact that a statement with this score makes. */
async function scoreOf(score: object): Promise<number | undefined> {
  const statement = statementSchema(2).parse({
    actor: { mbox: "mailto:ada@example.org" },
    verb: { id: "http://adlnet.gov/expapi/verbs/scored" },
    object: { id: ACTIVITY },
    result: { score },
  });
  return (await factOf(statement, settings, async () => false))?.score;
}

it("takes a score for what was written: each hundredth is as many percent, and not a little less", async () => {
  for (let percent = 0; percent <= 100; percent += 1) {
    expect(await scoreOf({ scaled: percent / 100 })).toBe(percent);
    expect(await scoreOf({ raw: percent, max: 100 })).toBe(percent);
    expect(await scoreOf({ raw: percent + 10, min: 10, max: 110 })).toBe(percent);
  }
  expect(await scoreOf({ scaled: -0.5 })).toBe(0);
  expect(await scoreOf({ raw: 7 })).toBeUndefined();
});
