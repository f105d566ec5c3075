import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { read, tokenOf } from "../../support/worker/http.ts";
import { freshEmail, signedInSchema } from "../identity/support.ts";
import { fakeProvider, knock, removeProviders, setProvider, signOn } from "./sso-support.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await removeProviders();
});

const person = () => ({ sub: crypto.randomUUID(), email: freshEmail(), email_verified: true, name: "Grace Hopper" });

it("takes away no role and no place of whom the provider has too many groups to list, and the operator's page says so", async () => {
  const slug = freshSlug("sso");
  await publish({ slug, title: "Sso", chapters: [], problems: [] });
  const fake = await fakeProvider();
  const claims = { groups: "groups", role: "groups" };
  const settings = { claims, roles: [{ value: "staff", role: "author" as const }] };
  const name = await setProvider(fake, { top_role: "author", settings });
  const token = await tokenOf("root", "admin");
  const rules = [{ group: "class-a", course: slug, cohort: "a" }];
  expect((await knock("PUT", `/group-rules/${name}`, { body: { rules }, token })).status).toBe(200);
  const plain = person();
  fake.claims = { ...plain, groups: ["class-a", "staff"] };
  const { user } = await read(await signOn(name, fake), 200, signedInSchema);
  const now = async () => {
    const { user: seen } = await read(await signOn(name, fake), 200, signedInSchema);
    const places = await env.DB.prepare("SELECT learner FROM group_places WHERE user_id = ?").bind(user.id).all();
    return [seen.role, places.results.map(({ learner }) => learner)];
  };
  const failure = () =>
    env.DB.prepare("SELECT failure FROM identity_providers WHERE name = ?").bind(name).first<string | null>("failure");
  const kept = ["author", ['["a"]']];
  expect(await now()).toEqual(kept);
  expect(await failure()).toBeNull();
  const elsewhere = {
    _claim_names: { groups: "src1" },
    _claim_sources: { src1: { endpoint: "https://graph.example/x" } },
  };
  const many = Array.from({ length: 501 }, (_, index) => `group-${index}`);
  for (const told of [elsewhere, { hasgroups: true }, { hasgroups: "true" }, { groups: many }]) {
    await env.DB.prepare("UPDATE identity_providers SET failure = NULL WHERE name = ?").bind(name).run();
    fake.claims = { ...plain, ...told };
    expect(await now(), JSON.stringify(told).slice(0, 60)).toEqual(kept);
    await expect.poll(failure, { timeout: 5_000 }).toMatch(/^claims\.groups too_many_values: /);
  }
  // It is no failure of the provider: nobody is woken.
  expect(
    await env.DB.prepare("SELECT failures FROM identity_providers WHERE name = ?").bind(name).first("failures"),
  ).toBe(0);
  // What is elsewhere is another claim; and who is in no group is told without one.
  fake.claims = { ...plain, _claim_names: { wids: "src1" } };
  expect(await now()).toEqual(["learner", []]);
  // Somebody new whose groups are not told is a learner without a place.
  const newcomer = person();
  fake.claims = { ...newcomer, ...elsewhere };
  const { user: second } = await read(await signOn(name, fake), 200, signedInSchema);
  expect(second.role).toBe("learner");
});
