import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { z } from "zod";
import { xapiSource } from "../../../src/privacy/sources/xapi.ts";
import { problem } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";
import { signUp } from "../identity/support.ts";
import { erase } from "../privacy/support.ts";
import { account, query, said, store } from "./xapi-support.ts";

it("[I8] exports what names a user, and an erasure leaves none of it, and all of another's", async () => {
  const { slug, post, found, send } = await store();
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
  const terms = spread.prepare("SELECT count(*) AS n FROM xapi_terms WHERE course_slug = ? AND seq < 4");
  const left = await terms.bind(slug).first("n");
  expect(left).toBe(0);
  // What comes afterwards does not bring them back.
  const late = await problem(await send("statements", { method: "POST", body: about }), 404);
  expect(late.code).toBe("user_not_found");
  expect((await problem(await send(state(user.id), { method: "PUT", body: {} }), 404)).code).toBe("user_not_found");
});

it("[I8] exports and erases what named somebody before it was known that it was them", async () => {
  const { post, found, send } = await store();
  const { user } = await signUp();
  const mbox = `mailto:${user.email}`;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", new TextEncoder().encode(mbox))).toHex();
  const [kept = ""] = await post(said("completed", { mbox: "mailto:somebody@else.example" }));
  await post([said("completed", { mbox }), said("passed", { mbox_sha1sum: digest })]);
  const place = `agents/profile?${query({ agent: JSON.stringify({ mbox }), profileId: "p" })}`;
  const headers = { "if-none-match": "*" };
  expect((await send(place, { method: "PUT", body: { a: 1 }, headers })).status).toBe(204);
  await spread.prepare("UPDATE users SET email_verified = 1 WHERE id = ?").bind(user.id).run();
  const exported = await Array.fromAsync(xapiSource.export(env, user.id));
  expect(exported.map(({ kind }) => kind)).toEqual(["statement", "statement", "document"]);
  expect((await erase(user.id)).status).toBe(202);
  expect(await found("")).toEqual([kept]);
  expect((await send(place)).status).toBe(404);
});

it("exports what is attached to statements that name a user, and nothing that is attached to others", async () => {
  const { send } = await store();
  const { user } = await signUp();
  const attach = async (name: string, texts: readonly string[]) => {
    const parts = await Promise.all(
      texts.map(async (text) => {
        const bytes = new TextEncoder().encode(text);
        return { text, sha2: new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex() };
      }),
    );
    const attachments = parts.map(({ text, sha2 }) => ({
      usageType: "https://a.org/essay",
      display: { en: "Essay" },
      contentType: "text/plain",
      length: text.length,
      sha2,
    }));
    const json = JSON.stringify(said("completed", account(name), { attachments }));
    const pieces = parts.map(
      ({ text, sha2 }) =>
        `--b\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: ${sha2}\r\n\r\n${text}\r\n`,
    );
    const raw = `--b\r\nContent-Type: application/json\r\n\r\n${json}\r\n${pieces.join("")}--b--\r\n`;
    const headers = { "content-type": "multipart/mixed; boundary=b" };
    expect((await send("statements", { method: "POST", headers, raw })).status).toBe(200);
  };
  const essays = Array.from({ length: 7 }, (_, at) => `essay ${at}`);
  await attach("bob", ["an essay of bob"]);
  await attach(user.id, essays);
  const exported = (await Array.fromAsync(xapiSource.export(env, user.id))).filter(({ kind }) => kind === "attachment");
  const texts = exported.map(({ row }) => atob(z.looseObject({ bytes: z.string() }).parse(row).bytes));
  expect(texts.sort()).toEqual(essays);
});
