import { z } from "@hono/zod-openapi";
import { expect, it } from "vitest";
import { problemDocument } from "../../../src/platform/http/errors.ts";
import { zodErrors } from "../../../src/platform/http/field-errors.ts";
import { ruleSchema } from "../../../src/unlock/index.ts";

function errorsOf(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : zodErrors(parsed.error).map(({ path, rule }) => `${path} ${rule}`);
}

it("a problem document names the broken rule of an unlock rule", () => {
  const rules: [unknown, string][] = [
    ["open", " invalid_type"],
    [{ completed: "c.a", from: "2030-01-01T00:00:00Z" }, " one_operator"],
    [{ opens: "c.a" }, " one_operator"],
    [{ score: { item: "c.a", min: 101 } }, "score.min too_big"],
    [{ score: { item: "c.a", min: 1, max: 2 } }, "score.max unrecognized_keys"],
    [{ all: [{ any: [{ at_least: { count: -1, of: [] } }] }] }, "all[0].any[0].at_least.count too_small"],
    [{ not: { cohort: "Red" } }, "not.cohort invalid_format"],
  ];
  for (const [rule, error] of rules) expect(errorsOf(ruleSchema, rule)).toEqual([error]);
});

it("a problem document names each unknown field", () => {
  const schema = z.strictObject({ a: z.strictObject({ b: z.string() }) });
  expect(errorsOf(schema, { a: { b: "1", c: 2, d: 3 }, e: 4 })).toEqual([
    "a.c unrecognized_keys",
    "a.d unrecognized_keys",
    "e unrecognized_keys",
  ]);
});

it("a problem document names field and rule also where the code of a refusal would be enough", () => {
  expect(problemDocument({ code: "malformed_json" }, "r").errors).toMatchObject([{ path: "", rule: "json" }]);
  expect(problemDocument({ code: "invalid_cursor" }, "r").errors).toMatchObject([
    { path: "query.cursor", rule: "cursor" },
  ]);
});
