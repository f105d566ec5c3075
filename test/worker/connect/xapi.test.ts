import { expect, it } from "vitest";
import { z } from "zod";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, statesOf } from "../../support/worker/learners.ts";
import { ADL, account, idsSchema, pageSchema, query, said, store } from "./xapi-support.ts";

it("stores statements and finds them by who, what and when", async () => {
  const { post, found, send } = await store();
  const [first = "", second = ""] = await post([said("experienced"), said("completed", account("bob"))]);
  expect(await found("")).toEqual([second, first]);
  expect(await found("ascending=true")).toEqual([first, second]);
  expect(await found(query({ agent: JSON.stringify(account("bob")) }))).toEqual([second]);
  expect(await found(query({ verb: `${ADL}experienced`, activity: "https://content.example.org/one" }))).toEqual([
    first,
  ]);
  expect(await found(query({ verb: `${ADL}experienced`, agent: JSON.stringify(account("bob")) }))).toEqual([]);
  const page = await read(await send("statements?limit=1"), 200, pageSchema);
  expect(page.statements.map(({ id }) => id)).toEqual([second]);
  const rest = await read(await send(`statements?${page.more.split("?")[1]}`), 200, pageSchema);
  expect([rest.statements.map(({ id }) => id), rest.more]).toEqual([[first], ""]);
  const { stored } = rest.statements[0] ?? { stored: "" };
  expect(await found(query({ since: new Date(Date.parse(stored) - 1).toISOString(), ascending: "true" }))).toEqual([
    first,
    second,
  ]);
  expect(await found(query({ since: new Date(Date.now() + 60_000).toISOString() }))).toEqual([]);
});

it("takes a statement again that says the same, and refuses another with its id", async () => {
  const { send, post, found } = await store();
  const id = crypto.randomUUID();
  const one = said("completed", account("ada"), { id });
  expect(await post(one)).toEqual([id]);
  expect(await post([one])).toEqual([id]);
  expect((await send(`statements?statementId=${id}`, { method: "PUT", body: one })).status).toBe(204);
  const other = await problem(
    await send("statements", { method: "POST", body: said("failed", account("ada"), { id }) }),
    409,
  );
  expect(other.code).toBe("statement_conflict");
  expect(await found("")).toEqual([id]);
});

it("stores one of two statements that come at once with one id", async () => {
  const { send, found } = await store();
  const id = crypto.randomUUID();
  const bodies = ["completed", "failed", "passed", "scored"].map((verb) => said(verb, account("bob"), { id }));
  const answers = await Promise.all(bodies.map((body) => send("statements", { method: "POST", body })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  expect(await found("")).toEqual([id]);
});

it("stores all statements of a request or none", async () => {
  const { send, found, seen } = await store();
  const body = [said("completed"), said("completed", { mbox: "nobody" })];
  const refused = await problem(await send("statements", { method: "POST", body }), 400);
  expect(refused.errors).toMatchObject([{ path: "[1].actor.mbox", rule: "invalid_format" }]);
  expect(await found("")).toEqual([]);
  // Who looks for the reason finds it, without what was sent.
  expect((await seen()).last_refused).toMatchObject({ code: "invalid_input", errors: [{ path: "[1].actor.mbox" }] });
});

it("voids a statement, whichever comes first, and shows it only when it is asked for as voided", async () => {
  const { post, found, send } = await store();
  const ids = [crypto.randomUUID(), crypto.randomUUID()];
  const voiding = (id: string) => said("voided", account("cy"), { object: { objectType: "StatementRef", id } });
  const [early = "", late = ""] = ids;
  await post(said("completed", account("bob"), { id: early }));
  const [first = "", second = ""] = [...(await post(voiding(early))), ...(await post(voiding(late)))];
  await post(said("completed", account("bob"), { id: late }));
  for (const id of ids) {
    expect((await send(`statements?statementId=${id}`)).status).toBe(404);
    expect((await send(`statements?voidedStatementId=${id}`)).status).toBe(200);
  }
  // What refers to a statement is found by what that one says.
  expect(await found(query({ verb: `${ADL}completed` }))).toEqual([second, first]);
  const again = await problem(await send("statements", { method: "POST", body: voiding(first) }), 400);
  expect(again.errors).toMatchObject([{ rule: "voids_voiding" }]);
});

it("makes facts of statements: what they open, who they are about, and what became of them", async () => {
  const { slug, post, seen } = await store();
  expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.two`]: "locked" });
  await post([said("completed"), said("completed", account("stranger")), said("completed", { mbox: "mailto:x@y.zz" })]);
  await post(said("experienced", account("ada"), { object: { id: "https://content.example.org/unknown" } }));
  expect((await statesOf(slug, "ada"))[`${slug}.one`]).toBe("completed");
  expect((await statesOf(slug, "ada"))[`${slug}.two`]).not.toBe("locked");
  expect((await seen()).newest.map(({ fact }) => fact)).toEqual([null, null, "not_enrolled", "recorded"]);
});

it("records a fact again that was not recorded, by the minute's cron", async () => {
  const { env } = await import("cloudflare:workers");
  const { sweepXapi } = await import("../../../src/connect/index.ts");
  const { spread } = await import("../../support/worker/shards.ts");
  const { slug, post, seen } = await store();
  const [id = ""] = await post(said("experienced"));
  await spread.prepare("UPDATE xapi_statements SET due = 1, outcome = NULL WHERE id = ?").bind(id).run();
  expect((await seen()).newest).toMatchObject([{ id, fact: "waiting" }]);
  await sweepXapi(env, Date.now());
  expect((await seen()).newest).toMatchObject([{ id, fact: "unchanged" }]);
  expect((await statesOf(slug, "ada"))[`${slug}.one`]).not.toBe("completed");
});

it("follows moveOn: both passed and completed, in either order", async () => {
  const { slug, post, path } = await store();
  const items = { "https://content.example.org/one": { item: `${slug}.one`, move_on: "CompletedAndPassed" } };
  expect((await call("PUT", path, { token: await author(), body: { on: true, items } })).status).toBe(200);
  await post(said("passed"));
  expect((await statesOf(slug, "ada"))[`${slug}.one`]).not.toBe("completed");
  await post(said("completed"));
  expect((await statesOf(slug, "ada"))[`${slug}.one`]).toBe("completed");
});

it("carries attachments, checks their digests, and gives them back", async () => {
  const { send } = await store();
  const bytes = new Uint8Array([0, 13, 10, 45, 45, 255]);
  const sha2 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const attachment = { usageType: "https://a.org/u", display: { en: "A" }, contentType: "text/plain", length: 6, sha2 };
  const body = (hash: string) => {
    const json = JSON.stringify(said("completed", account("ada"), { attachments: [attachment] }));
    const head = `--b\r\nContent-Type: application/json\r\n\r\n${json}\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: ${hash}\r\n\r\n`;
    return new Blob([head, bytes, "\r\n--b--\r\n"]);
  };
  const sent = await send("statements", {
    method: "POST",
    headers: { "content-type": "multipart/mixed; boundary=b" },
    raw: await body(sha2).bytes(),
  });
  const [id = ""] = await read(sent, 200, idsSchema);
  const answer = await send(`statements?statementId=${id}&attachments=true`);
  expect(answer.headers.get("content-type")).toMatch(/^multipart\/mixed/);
  expect(new Uint8Array(await answer.arrayBuffer()).toHex()).toContain(bytes.toHex());
  const wrong = await send("statements", {
    method: "POST",
    headers: { "content-type": "multipart/mixed; boundary=b" },
    raw: await body("0".repeat(64)).bytes(),
  });
  expect((await problem(wrong, 400)).errors).toMatchObject([{ rule: "hash" }]);
  const missing = await send("statements", {
    method: "POST",
    body: said("completed", account("ada"), { attachments: [attachment] }),
  });
  expect((await problem(missing, 400)).errors).toMatchObject([{ path: "[0].attachments[0]", rule: "required" }]);
});

it("keeps documents of state, lays objects over each other, and lists them", async () => {
  const { send } = await store();
  const agent = JSON.stringify(account("ada"));
  const state = (id?: string) =>
    `activities/state?${query({ activityId: "https://a.org/x", agent, ...(id === undefined ? {} : { stateId: id }) })}`;
  expect((await send(state("s"), { method: "PUT", body: { a: 1, b: { c: 1 } } })).status).toBe(204);
  expect((await send(state("s"), { method: "POST", body: { b: { d: 2 } } })).status).toBe(204);
  const kept = await send(state("s"));
  expect(await kept.json()).toEqual({ a: 1, b: { d: 2 } });
  expect(await read(await send(state()), 200, idsSchema)).toEqual(["s"]);
  expect((await problem(await send(state("s"), { method: "POST", body: [1] }), 400)).errors).toMatchObject([
    { rule: "not_mergeable" },
  ]);
  expect((await send(state(), { method: "DELETE" })).status).toBe(204);
  expect((await send(state("s"))).status).toBe(404);
});

it("replaces a profile only for who has seen it", async () => {
  const { send } = await store();
  const profile = `activities/profile?${query({ activityId: "https://a.org/x", profileId: "p" })}`;
  const put = (headers: Record<string, string>, body = {}) => send(profile, { method: "PUT", body, headers });
  expect((await put({})).status).toBe(400);
  expect((await put({ "if-none-match": "*" })).status).toBe(204);
  expect((await problem(await put({}), 409)).code).toBe("document_exists");
  expect((await problem(await put({ "if-none-match": "*" }), 412)).code).toBe("precondition_failed");
  const etag = (await send(profile)).headers.get("etag") ?? "";
  const both = await Promise.all([put({ "if-match": etag }, { n: 1 }), put({ "if-match": etag }, { n: 2 })]);
  expect(both.map(({ status }) => status).sort()).toEqual([204, 412]);
});

it("says which version answered, and takes the alternate syntax with 1.0.3 alone", async () => {
  const { slug, send, post } = await store();
  const [id = ""] = await post(said("completed"));
  const about = await call("GET", `/xapi/${slug}/about`);
  expect(await read(about, 200, z.object({ version: z.array(z.string()) }))).toEqual({ version: ["1.0.3", "2.0.0"] });
  expect((await problem(await send("statements", { version: "" }), 400)).errors).toMatchObject([{ rule: "version" }]);
  const second = await send(`statements?statementId=${id}`, { version: "2.0.0" });
  expect([second.status, second.headers.get("x-experience-api-version")]).toEqual([200, "2.0.0"]);
  const form = (version: string) =>
    send("statements?method=GET", {
      method: "POST",
      version,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      raw: query({ statementId: id }),
    });
  const alternate = await form("1.0.3");
  expect([alternate.status, alternate.headers.get("x-experience-api-version")]).toEqual([200, "1.0.3"]);
  expect((await form("2.0.0")).status).toBe(400);
  const moment = "2026-03-01T12:00:00+02:00";
  const body = said("completed", account("ada"), { timestamp: moment });
  const [utc = ""] = await read(await send("statements", { method: "POST", body, version: "2.0.0" }), 200, idsSchema);
  expect(await (await send(`statements?statementId=${utc}`)).json()).toMatchObject({
    timestamp: "2026-03-01T10:00:00.000Z",
  });
});

it("opens to keys of the course alone, once its staff have switched it on", async () => {
  const [one, other] = [await store(), await store()];
  expect((await one.send("statements", { key: other.key })).status).toBe(403);
  expect((await call("GET", `/xapi/${one.slug}/statements`, { token: await tokenOf("ada") })).status).toBe(403);
  expect((await call("GET", `/xapi/${one.slug}/statements`)).status).toBe(401);
  expect((await call("PUT", one.path, { token: await tokenOf("ada"), body: { on: true } })).status).toBe(403);
  const items = { "https://a.org/x": { item: `${other.slug}.one` } };
  const wrong = await problem(await call("PUT", one.path, { token: await author(), body: { on: true, items } }), 400);
  expect(wrong.errors).toMatchObject([{ rule: "other_course" }]);
  expect((await call("PUT", one.path, { token: await author(), body: { on: false } })).status).toBe(200);
  expect((await problem(await one.send("statements"), 501)).code).toBe("not_enabled");
  const list = await call("GET", "/system/xapi?limit=1", { token: await tokenOf("root", "admin") });
  expect(
    await read(
      list,
      200,
      z.object({ results: z.array(z.object({ course: z.string() }).loose()), next_cursor: z.string().nullable() }),
    ),
  ).toMatchObject({ results: [{}] });
});

it("ends a page of attachments before it is too large to send", async () => {
  const { send } = await store();
  const bytes = new Uint8Array(900_000);
  for (const name of ["a", "b", "c"]) {
    const parts = [1, 2, 3].map((n) => Uint8Array.from(bytes, (_, at) => (at === 0 ? n : name.charCodeAt(0))));
    const attachments = await Promise.all(
      parts.map(async (part) => ({
        usageType: "https://a.org/u",
        display: { en: name },
        contentType: "application/octet-stream",
        length: part.length,
        sha2: new Uint8Array(await crypto.subtle.digest("SHA-256", part)).toHex(),
      })),
    );
    const json = JSON.stringify(said("completed", account("bob"), { attachments }));
    const pieces = parts.flatMap((part, at) => [
      `--b\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: ${attachments[at]?.sha2}\r\n\r\n`,
      part,
      "\r\n",
    ]);
    const head = `--b\r\nContent-Type: application/json\r\n\r\n${json}\r\n`;
    const raw = await new Blob([head, ...pieces, "--b--\r\n"]).bytes();
    const headers = { "content-type": "multipart/mixed; boundary=b" };
    expect((await send("statements", { method: "POST", headers, raw })).status).toBe(200);
  }
  const seen: number[] = [];
  for (let path = "statements?attachments=true"; path !== ""; ) {
    const answer = await send(path);
    expect(answer.status).toBe(200);
    const [, json = ""] = (await answer.text()).split("\r\n\r\n");
    const page = pageSchema.parse(JSON.parse(json.split("\r\n")[0] ?? ""));
    seen.push(page.statements.length);
    path = page.more === "" ? "" : `statements?${page.more.split("?")[1]}`;
  }
  expect(seen).toEqual([2, 1]);
});
