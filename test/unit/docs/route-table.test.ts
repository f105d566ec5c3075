import { expect, it } from "vitest";
import { renderRouteTable } from "../../../scripts/lib/route-table.ts";
import { sampleDocument } from "./sample-document.ts";

function rows(document: unknown): string[] {
  return renderRouteTable(document)
    .split("\n")
    .filter((line) => line.startsWith("| `"));
}

it("the table lists each route once, by path and method, with its policy", () => {
  expect(rows(sampleDocument())).toEqual([
    "| `GET /api/v1/courses/{course}/chapters` | List chapters | learner, author |  | own enrollment only | none |  |",
    "| `POST /api/v1/courses/{course}/chapters` |  | author |  |  | 64 KiB | write |",
    "| `GET /health` |  | everybody |  |  | none |  |",
  ]);
});

it("the table reports a route without a policy", () => {
  const document = { info: { title: "t", version: "1" }, paths: { "/x": { get: { responses: {} } } } };
  expect(rows(document)).toEqual(["| `GET /x` |  | **undeclared** |  |  | none |  |"]);
});

it("the table keeps text inside its cell", () => {
  const document = {
    info: { title: "t", version: "1" },
    paths: { "/x": { get: { summary: "a | b\nc", responses: {}, "x-policy": { roles: "public" } } } },
  };
  expect(rows(document)).toEqual(["| `GET /x` | a \\| b c | everybody |  |  | none |  |"]);
});
