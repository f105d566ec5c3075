import { describe, expect, it } from "vitest";
import { unknownParameters } from "../../../src/platform/http/address.ts";

const known = new Set(["limit", "max_stale", "__proto"]);
const namesOf = (query: string) =>
  unknownParameters(`https://latchkey.example/api/v1/courses${query}`, known)?.errors?.map(({ path }) => path) ?? [];

describe("the names in a query", () => {
  it.each([
    "",
    "?",
    "?limit=5",
    "?limit=5&max_stale=1",
    "?limit",
    "?limit=a=b",
    "?l%69mit=5",
    "?limit=1&",
    "?&limit=1",
  ])("are all known in %j", (query) => {
    expect(namesOf(query)).toEqual([]);
  });

  it.each([
    ["?state=open", ["query.state"]],
    ["?limit=5&dry-run=1&dry-run=2", ["query.dry-run"]],
    ["?limit%20=5", ["query.limit "]],
    ["?limit+=5", ["query.limit "]],
    ["?=5", ["query."]],
    ["?Limit=5&constructor", ["query.Limit", "query.constructor"]],
  ])("that no route knows are named: %j", (query, names) => {
    expect(namesOf(query)).toEqual(names);
  });
});
