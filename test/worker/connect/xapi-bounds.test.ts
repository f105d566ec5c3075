import { expect, it } from "vitest";
import { problem } from "../../support/worker/http.ts";
import { account, query, said, store } from "./xapi-support.ts";

const ADA = JSON.stringify(account("ada"));
const state = (stateId: string) => `activities/state?${query({ activityId: "https://a.org/x", agent: ADA, stateId })}`;

it("counts the bytes of a statement, and not its characters", async () => {
  const { send, found } = await store();
  const body = said("completed", account("bob"), { result: { response: "课".repeat(34_000) } });
  expect((await problem(await send("statements", { method: "POST", body }), 413)).code).toBe("body_too_large");
  expect(await found("")).toEqual([]);
});

it("lets no document grow beyond its bytes by what is laid over it", async () => {
  const { send } = await store();
  const part = (name: string) => ({ [name]: "x".repeat(600_000) });
  expect((await send(state("s"), { method: "PUT", body: part("a") })).status).toBe(204);
  const grown = await problem(await send(state("s"), { method: "POST", body: part("b") }), 413);
  expect(grown.code).toBe("body_too_large");
  expect(Object.keys(await (await send(state("s"))).json<object>())).toEqual(["a"]);
});

it("deletes what who asks has seen, and nothing that was written meanwhile", async () => {
  const { send } = await store();
  const rounds = Array.from({ length: 12 }, async (_, round) => {
    const place = `activities/profile?${query({ activityId: "https://a.org/x", profileId: `p${round}` })}`;
    await send(place, { method: "PUT", body: { n: 0 }, headers: { "if-none-match": "*" } });
    const headers = { "if-match": (await send(place)).headers.get("etag") ?? "" };
    const remove = () => send(place, { method: "DELETE", headers });
    const all = await Promise.all([remove(), send(place, { method: "PUT", body: { n: 1 }, headers }), remove()]);
    return all.map(({ status }) => status).sort();
  });
  // Whoever comes first has it; for the others it is no longer what they have seen.
  expect(await Promise.all(rounds)).toEqual(Array.from({ length: 12 }, () => [204, 412, 412]));
});

it("refuses a field of the alternate syntax that no header can hold, and a type that is none", async () => {
  const { send } = await store();
  const form = (fields: Record<string, string>) =>
    send("activities/state?method=PUT", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      raw: query({ activityId: "https://a.org/x", agent: ADA, stateId: "s", content: "{}", ...fields }),
    });
  for (const value of ["text/plain\n\nmore", "文本"]) {
    const refused = await problem(await form({ "Content-Type": value }), 400);
    expect(refused.errors).toMatchObject([{ path: "content-type", rule: "header" }]);
  }
  const typeless = await problem(await form({ "Content-Type": "none" }), 400);
  expect(typeless.errors).toMatchObject([{ path: "header.content-type", rule: "media_type" }]);
  expect((await send(state("s"))).status).toBe(404);
});

it("takes no attachment whose type would begin another header where it is given back", async () => {
  const { send } = await store();
  const attachment = {
    usageType: "https://a.org/u",
    display: { en: "A" },
    contentType: "text/plain\r\n\r\n; more",
    length: 1,
    sha2: "0".repeat(64),
    fileUrl: "https://a.org/file",
  };
  const body = said("completed", account("bob"), { attachments: [attachment] });
  const refused = await problem(await send("statements", { method: "POST", body }), 400);
  expect(refused.errors).toMatchObject([{ path: "attachments[0].contentType" }]);
});
