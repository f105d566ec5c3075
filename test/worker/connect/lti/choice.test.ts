import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { INSTRUCTOR, LEARNER, TestPlatform } from "../../../support/lti/platform.ts";
import { freshSlug, publish } from "../../../support/worker/courses.ts";
import { call } from "../../../support/worker/http.ts";
import { admin, ladder } from "../../../support/worker/learners.ts";
import { arrive, Browser, faultOf, register, serve, TOOL } from "./support.ts";

let slug = "";
let other = "";
let platform: TestPlatform;
const tom = { sub: "tom", name: "Tom", roles: [INSTRUCTOR] };

beforeEach(async () => {
  [slug, other] = [freshSlug("lti"), freshSlug("lti")];
  await publish(ladder(slug));
  await publish(ladder(other));
  platform = new TestPlatform();
  await platform.rotate();
  serve(platform);
});
afterEach(() => vi.restoreAllMocks());

/** Begins a choice as a teacher of the platform. */
async function asked(settings: Record<string, unknown> = {}, person = tom) {
  const browser = new Browser();
  const request = await browser.begin(platform, { target: `${TOOL}/lti/launch` });
  const claims = platform.choiceClaims(request, person, settings);
  return { browser, answer: await browser.finish(request, await platform.sign(claims)) };
}
const field = (page: string, name: string) => new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(page)?.[1] ?? "";
const keys = async () => (await new Browser().send("GET", "/lti/jwks.json", null)).json<{ keys: object[] }>();

describe("a teacher", () => {
  it("chooses a course and an item of it, and the link that comes of it opens that item", async () => {
    await register(platform, { courses: [slug, other] });
    const { browser, answer } = await asked();
    expect(answer.status).toBe(200);
    const first = await answer.text();
    expect(first).toContain(`value="${slug}"`);
    const ticket = field(first, "ticket");
    const second = await (await browser.send("POST", "/lti/choose", { ticket, course: slug })).text();
    expect(second).toContain(`value="${slug}.two"`);
    expect(second).not.toContain(other);
    const done = await browser.send("POST", "/lti/choose", {
      ticket,
      course: slug,
      item: `${slug}.two`,
      graded: "yes",
    });
    expect(done.headers.get("content-security-policy")).toContain(`form-action 'self' https://${platform.host};`);
    const last = await done.text();
    expect(last).toContain(`action="https://${platform.host}/deep-links?course=1"`);
    const [link, ...rest] = await platform.chosen(field(last, "JWT"), await keys());
    expect(rest).toEqual([]);
    expect(link).toEqual({
      type: "ltiResourceLink",
      title: "Two",
      url: `${TOOL}/lti/to/${slug}/two`,
      custom: { course: slug, item: "two" },
      lineItem: { scoreMaximum: 100, label: "Two", resourceId: `${slug}.two` },
    });
    const launch = { target: String(link?.url), custom: link?.custom as Record<string, string> };
    const ada = { sub: "ada", roles: [LEARNER] };
    expect((await arrive(await new Browser().launch(platform, ada, launch))).to).toBe(`/courses/${slug}/chapters/two`);
  });

  it("of a platform with one course is asked for an item at once, may choose the course and several, and no column", async () => {
    await register(platform, { courses: [slug] });
    const { browser, answer } = await asked({ accept_multiple: true, accept_lineitem: false });
    const page = await answer.text();
    expect(page).toContain('type="checkbox" name="item" value=""');
    expect(page).not.toContain('name="graded"');
    const form = new URLSearchParams({ ticket: field(page, "ticket"), course: slug, graded: "yes" });
    for (const item of ["", `${slug}.one`]) form.append("item", item);
    const done = await browser.sendForm("/lti/choose", form);
    const links = await platform.chosen(field(await done.text(), "JWT"), await keys());
    expect(links.map(({ url }) => url)).toEqual([`${TOOL}/lti/to/${slug}`, `${TOOL}/lti/to/${slug}/one`]);
    expect(links.some((link) => "lineItem" in link)).toBe(false);
  });

  it("[I9] chooses nothing that is not the platform's, or not there, or with a page that is over", async () => {
    const id = await register(platform, { courses: [slug] });
    const { browser, answer } = await asked();
    const ticket = field(await answer.text(), "ticket");
    const choose = async (fields: Record<string, string>) =>
      faultOf(await browser.send("POST", "/lti/choose", { ticket, course: slug, item: "", ...fields }));
    expect(await choose({ course: other })).toBe("course_refused");
    expect(await choose({ item: `${slug}.nope` })).toBe("item_unknown");
    expect(await choose({ item: `${other}.one` })).toBe("item_unknown");
    expect(await choose({ ticket: `${ticket.slice(0, -3)}AAA` })).toBe("over");
    const two = new URLSearchParams({ ticket, course: slug });
    for (const item of [`${slug}.one`, `${slug}.two`]) two.append("item", item);
    expect(faultOf(await browser.sendForm("/lti/choose", two))).toBe("nothing_chosen");
    vi.setSystemTime(Date.now() + 1_801_000);
    expect(await choose({})).toBe("over");
    vi.useRealTimers();
    expect(await choose({})).toBeNull();
    // What the platform lost while the page was open.
    const set = async (rest: object) => {
      const body = { name: "A school", ...platform.registered, courses: [slug], ...rest };
      expect((await call("PUT", `/lti/platforms/${id}`, { token: await admin(), body })).status).toBe(200);
    };
    await set({ deployments: ["dep-2"] });
    expect(await choose({})).toBe("deployment_unknown");
    await set({ enabled: false });
    expect(await choose({})).toBe("platform_off");
    await set({ client_id: `c-${crypto.randomUUID()}` });
    expect(await choose({})).toBe("over");
    await set({});
    expect(await choose({})).toBeNull();
    await call("DELETE", `/lti/platforms/${id}`, { token: await admin() });
    expect(await choose({})).toBe("platform_unknown");
  });

  it("[I8] is offered courses of an organisation only where the platform names them", async () => {
    const school = `lti-${crypto.randomUUID().slice(0, 8)}`;
    const put = async (path: string, body: object) =>
      expect((await call("PUT", path, { token: await admin(), body })).status).toBe(200);
    await put(`/organizations/${school}`, { name: "A school" });
    await register(platform, { courses: null });
    const open = await asked();
    const first = await open.answer.text();
    expect(first).toContain(`value="${slug}"`);
    const choice = { ticket: field(first, "ticket"), course: slug, item: "" };
    await put(`/courses/${slug}/organization`, { organization_id: school });
    expect(faultOf(await open.browser.send("POST", "/lti/choose", choice))).toBe("course_refused");
    expect(await (await asked()).answer.text()).not.toContain(`value="${slug}"`);
    const launch = { target: `${TOOL}/lti/to/${slug}`, custom: { course: slug } };
    const ada = { sub: "ada", roles: [LEARNER] };
    expect(faultOf(await new Browser().launch(platform, ada, launch))).toBe("course_refused");
    await put(`/courses/${slug}/organization`, { organization_id: null });
    expect(faultOf(await open.browser.send("POST", "/lti/choose", choice))).toBeNull();
  });

  it("is offered no draft, and names none by its id either", async () => {
    const draft = freshSlug("lti");
    const chapters = [
      { id: `${draft}.one`, title: "One" },
      { id: `${draft}.plan`, title: "Hush", status: "draft" as const },
    ];
    await publish({ slug: draft, title: "Drafts", chapters });
    await register(platform, { courses: [draft] });
    const { browser, answer } = await asked();
    const page = await answer.text();
    expect(page).toContain(`value="${draft}.one"`);
    expect(page).not.toContain("Hush");
    const named = { ticket: field(page, "ticket"), course: draft, item: `${draft}.plan` };
    expect(faultOf(await browser.send("POST", "/lti/choose", named))).toBe("item_unknown");
  });

  it("[I9] is the only one who chooses, and only where links are taken, for an address of the public network", async () => {
    await register(platform, { courses: [slug] });
    expect(faultOf((await asked({}, { ...tom, roles: [LEARNER] })).answer)).toBe("not_teacher");
    expect(faultOf((await asked({ accept_types: ["file"] })).answer)).toBe("links_refused");
    expect(faultOf((await asked({ deep_link_return_url: "http://x.example.org/" })).answer)).toBe("form_invalid");
    expect(faultOf((await asked({ deep_link_return_url: "javascript:alert(1)" })).answer)).toBe("form_invalid");
    expect(faultOf((await asked({ deep_link_return_url: null })).answer)).toBe("claim_missing");
    const odd = await (await asked({ data: '"><script>alert(1)</script>' })).answer.text();
    expect(odd).not.toContain("<script>alert");
  });
});
