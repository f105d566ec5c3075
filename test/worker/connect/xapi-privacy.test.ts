import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { xapiSource } from "../../../src/privacy/sources/xapi.ts";
import { problem } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";
import { signUp } from "../identity/support.ts";
import { erase } from "../privacy/support.ts";
import { account, query, said, store } from "./xapi-support.ts";

it("[I8] exports what names a user, and an erasure leaves none of it, and all of another's", async () => {
  const { post, found, send } = await store();
  const { user } = await signUp();
  const group = { objectType: "Group", member: [account("bob"), account(user.id)] };
  const about = [
    said("completed", account(user.id)),
    said("completed", account("bob"), { context: { instructor: account(user.id) } }),
    said("completed", group),
  ];
  await post(about);
  const [kept = ""] = await post(said("completed", account("bob")));
  const state = (name: string) =>
    `activities/state?${query({ activityId: "https://a.org/x", agent: JSON.stringify(account(name)), stateId: "s" })}`;
  for (const name of [user.id, "bob"])
    expect((await send(state(name), { method: "PUT", body: { name } })).status).toBe(204);

  const exported = await Array.fromAsync(xapiSource.export(env, user.id));
  expect(exported.map(({ kind }) => kind)).toEqual(["statement", "statement", "statement", "document"]);
  expect(await xapiSource.holds(env, user.id)).toBe(true);

  expect((await erase(user.id)).status).toBe(202);
  expect(await xapiSource.holds(env, user.id)).toBe(false);
  expect(await found("")).toEqual([kept]);
  expect((await send(state("bob"))).status).toBe(200);
  for (const table of ["xapi_statements", "xapi_people", "xapi_documents", "xapi_terms"]) {
    const rows = JSON.stringify((await spread.prepare(`SELECT * FROM ${table}`).all()).results);
    expect(rows, table).not.toContain(user.id);
  }
  const left = await spread.prepare("SELECT count(*) AS n FROM xapi_terms WHERE seq < 4").first("n");
  expect(left).toBe(0);
  // What comes afterwards does not bring them back.
  const late = await problem(await send("statements", { method: "POST", body: about }), 404);
  expect(late.code).toBe("user_not_found");
  expect((await problem(await send(state(user.id), { method: "PUT", body: {} }), 404)).code).toBe("user_not_found");
});
