import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { accountsSection } from "../../../src/connect/groups/gauges.ts";
import { read } from "../../support/worker/http.ts";
import { freshEmail, signedInSchema } from "../identity/support.ts";
import { directoryKey, person, resource, scim } from "./scim-support.ts";
import { fakeProvider, removeProviders, setProvider, signOn } from "./sso-support.ts";

// What the two alerts IdentityProviderFailing and DirectoryFailing are computed from, after what brings them about.

const DAY_MS = 86_400_000;

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await removeProviders();
});

/** The samples of a gauge, by the value of its label; "" where it has none. */
async function gauges(name: string, now = Date.now()): Promise<Record<string, number>> {
  const found = (await accountsSection.read(env, now)).find((family) => family.name === name);
  if (found === undefined || found.type === "histogram") return {};
  return Object.fromEntries(found.samples.map(({ labels, value }) => [Object.values(labels)[0] ?? "", value]));
}

describe("the gauge of failures of identity providers", () => {
  it("counts what a provider does wrong, nothing that strangers bring about, and ends with a sign-in that succeeds", async () => {
    const [fake, well] = [await fakeProvider(), await fakeProvider()];
    const [name, other] = [await setProvider(fake), await setProvider(well)];
    fake.claims = { sub: "s", email: freshEmail(), email_verified: true, name: "Grace" };
    const honest = fake.idToken;
    fake.idToken = (nonce) => fake.sign({ ...fake.claims, nonce, aud: "another client" });
    for (let time = 0; time < 3; time += 1) expect((await signOn(name, fake)).status).toBe(403);
    expect(await gauges("identity_provider_failures")).toEqual({ [name]: 3, [other]: 0 });
    // A code that somebody made up, and an address that is not verified.
    fake.idToken = honest;
    fake.tokenStatus = 400;
    expect((await signOn(name, fake)).status).toBe(403);
    fake.tokenStatus = 200;
    fake.claims = { ...fake.claims, email_verified: false };
    expect((await signOn(name, fake)).status).toBe(403);
    expect(await gauges("identity_provider_failures")).toEqual({ [name]: 3, [other]: 0 });
    fake.claims = { ...fake.claims, email_verified: true };
    await read(await signOn(name, fake), 200, signedInSchema);
    expect(await gauges("identity_provider_failures")).toEqual({ [name]: 0, [other]: 0 });
  });
});

describe("the gauges of a directory", () => {
  it("count changes that are refused until one is done, and days of silence", async () => {
    expect(await gauges("directory_silent_days")).toEqual({});
    const key = await directoryKey();
    const somebody = person();
    await read(await scim(key, "POST", "/Users", somebody), 201, resource);
    const settled = (name: string, value: number) =>
      expect.poll(() => gauges(name), { timeout: 5_000 }).toEqual({ "": value });
    await settled("directory_changes_refused", 0);
    await settled("directory_silent_days", 0);
    expect(await gauges("directory_silent_days", Date.now() + 8 * DAY_MS)).toEqual({ "": 8 });
    // Refusals are noted every five seconds.
    const start = Date.now();
    for (let time = 1; time <= 3; time += 1) {
      vi.setSystemTime(start + time * 6_000);
      const refused = await scim(key, "POST", "/Users", somebody);
      expect(refused.status).toBe(409);
      await refused.body?.cancel();
      await settled("directory_changes_refused", time);
    }
    await read(await scim(key, "POST", "/Users", person()), 201, resource);
    await settled("directory_changes_refused", 0);
  });
});
