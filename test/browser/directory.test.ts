import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { seriousFindings } from "../support/browser/axe.ts";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { type Person, Site } from "../support/browser/site.ts";
import { expectAnswer } from "../support/node/answers.ts";

const SLUG = "placed";
const CORE = "urn:ietf:params:scim:schemas:core:2.0:User";

/** A provider that refuses this service's secret until it is told otherwise; it answers the browser, too. */
async function startProvider(): Promise<{ server: Server; issuer: string }> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", issuer);
    request.resume();
    if (url.pathname === "/.well-known/openid-configuration") {
      const named = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ ...named, jwks_uri: `${issuer}/jwks` }));
    } else if (url.pathname === "/authorize") {
      const back = new URL(url.searchParams.get("redirect_uri") ?? "");
      back.search = new URLSearchParams({ code: "a", state: url.searchParams.get("state") ?? "" }).toString();
      response.writeHead(302, { location: back.href }).end();
    } else {
      response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ error: "invalid_client" }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return { server, issuer };
}

describe.skipIf(!hasChromium)("the page of sign-in and directory", () => {
  let site: Site;
  let browser: Browser;
  let operator: Person;
  let provider: { server: Server; issuer: string };
  beforeAll(async () => {
    [site, browser, provider] = await Promise.all([Site.start(), launchChromium(), startProvider()]);
    operator = await site.person("operator", "admin");
    const document = { slug: SLUG, title: "Placed", chapters: [{ id: `${SLUG}.one`, title: "One" }] };
    expectAnswer(await site.admin.post("/api/v1/courses", { slug: SLUG, title: "Placed" }), 201, z.unknown());
    expectAnswer(await site.admin.post(`/api/v1/courses/${SLUG}/versions`, { document }), 201, z.unknown());
  });
  afterAll(async () => {
    provider?.server.close();
    await browser?.close();
    await site?.stop();
  });

  async function opened(): Promise<{ page: Page; faults: string[] }> {
    const context = await newContext(browser, site.url);
    await site.signIn(context, operator);
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto("/operator/sign-on");
    await page.getByRole("heading", { name: "Identity providers" }).waitFor();
    return { page, faults };
  }

  it("sets up a provider by hand, and says why a provider is refused and why the last sign-in failed", async () => {
    const { page, faults } = await opened();
    await page.getByText("There is none.").waitFor();
    const form = page.getByRole("form", { name: "Add a provider" });
    await form.getByLabel("Name here").fill("school");
    await form.getByLabel("Text of the button").fill("School");
    await form.getByLabel("Issuer").fill("http://id.example.org");
    await form.getByLabel("Client id").fill("latchkey");
    await form.getByLabel("Client secret").fill("an old secret");
    await form.getByLabel("Claims, roles and scopes (JSON)").fill("{");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("This is not JSON.").waitFor();
    await form.getByLabel("Claims, roles and scopes (JSON)").fill("{}");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByRole("alert").getByText(/https/).waitFor();
    await form.getByLabel("Issuer").fill(provider.issuer);
    await form.getByRole("button", { name: "Save" }).click();
    const row = page.getByRole("row").filter({ hasText: provider.issuer });
    await row.getByText(`${site.url}/sign-in/with/school`).waitFor();
    expect(await row.getByText("never").count()).toBe(2);
    expect(await seriousFindings(page)).toEqual([]);

    const somebody = await newContext(browser, site.url);
    const visit = await somebody.newPage();
    await visit.goto("/sign-in");
    await visit.getByRole("button", { name: "Sign in with School" }).click();
    await visit.getByText("You could not be signed in").waitFor();
    expect(await seriousFindings(visit)).toEqual([]);
    await page.reload();
    await row.getByText(/token client_refused: The provider answered invalid_client/).waitFor();
    await screenshot(page, "sign-on-failed");
    await row.getByRole("button", { name: "Change" }).click();
    const change = page.getByRole("form", { name: "school" });
    await change.getByText("Leave empty to keep it.").waitFor();
    expect(await change.getByLabel("Issuer").inputValue()).toBe(provider.issuer);
    expect(faults).toEqual([]);
  });

  it("shows what groups mean, when the directory last sent data, why that was refused, and which data is ignored", async () => {
    const { page, faults } = await opened();
    const key = { name: "directory", scopes: ["scim"], courses: "all", expires_in_days: 30 };
    const made = expectAnswer(await site.admin.post("/api/v1/keys", key), 201, z.looseObject({ key: z.string() }));
    const send = (body: object) =>
      fetch(`${site.url}/api/v1/scim/v2/Users`, {
        method: "POST",
        headers: { authorization: `Bearer ${made.key}`, "content-type": "application/scim+json" },
        body: JSON.stringify({ schemas: [CORE], ...body }),
      });
    const rules = page.getByRole("textbox", { name: "What groups mean" });
    await page.getByText("Last sync: never.").waitFor();
    await rules.fill("Class A");
    const save = page.locator("form").filter({ has: rules }).getByRole("button", { name: "Save" });
    await save.click();
    await page.getByText("Line 1 is not: group; course; role; cohort.").waitFor();
    await rules.fill(`Class A; ${SLUG}; learner; a`);
    await save.click();
    await page.getByText("Saved.").waitFor();

    const email = "grace@school.example";
    const person = { userName: email, emails: [{ value: email }], phoneNumbers: [{ value: "1" }] };
    expect((await send(person)).status).toBe(201);
    expect((await send({ ...person, userName: "other" })).status).toBe(409);
    const reloaded = async () => {
      await page.reload();
      await page.getByText(/Last sync: .*20\d\d/).waitFor({ timeout: 1_000 });
      await page
        .getByText(/POST 409 uniqueness: The directory has sent this person already/)
        .waitFor({ timeout: 1_000 });
      await page.getByRole("cell", { name: "phoneNumbers" }).waitFor({ timeout: 1_000 });
    };
    // What a request has to say of itself is noted beside its answer.
    await expect
      .poll(
        async () =>
          reloaded().then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
    await page.getByText("Changes refused in a row: 1").waitFor();
    expect(await rules.inputValue()).toBe(`Class A; ${SLUG}; learner; a`);
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, "directory-refused");
    expect(faults).toEqual([]);
  });
});
