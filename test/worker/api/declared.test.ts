import { expect, it } from "vitest";
import { checkedAnswer, undeclaredAnswers } from "../../support/worker/declared-answers.ts";

const PROBLEM = "application/problem+json";

async function faultsOf(method: string, path: string, status: number, type: string, body: object): Promise<string[]> {
  const request = new Request(`http://latchkey.test/api/v1${path}`, { method });
  const answer = new Response(JSON.stringify(body), { status, headers: { "content-type": type } });
  expect(await (await checkedAnswer(request, answer)).json()).toEqual(body);
  return undeclaredAnswers();
}

const problem = (code: string, status: number) => ({ type: "t", title: "t", status, code, request_id: "r" });

it("an undeclared answer of an operation is noticed: its status, code, form, member or media type", async () => {
  const names = { slug: "a", title: "A", owner_id: "o", organization_id: null };
  const course = { ...names, role: "owner", active_version: null, activation: 0 };
  const whole = { ...course, created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z" };
  const json = "application/json";
  expect(await faultsOf("GET", "/courses/a", 200, json, whole)).toEqual([]);
  expect(await faultsOf("GET", "/courses/a/", 404, PROBLEM, problem("course_not_found", 404))).toEqual([]);
  for (const [status, type, body, told] of [
    [418, PROBLEM, problem("teapot", 418), /418, which is not declared \(teapot\)/],
    [404, PROBLEM, problem("item_not_found", 404), /item_not_found, which is not declared/],
    [200, json, course, /another form: created_at/],
    [200, json, { ...whole, secret: 1 }, /undeclared members: \.secret/],
    [200, "text/json", whole, /with text\/json, which is not declared/],
  ] as const) {
    expect(await faultsOf("GET", "/courses/a", status, type, body)).toEqual([expect.stringMatching(told)]);
  }
});
