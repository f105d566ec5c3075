import { randomBytes } from "node:crypto";
import type { BrowserContext, Page } from "playwright-core";
import { z } from "zod";
import { type ApiClient, api } from "../../../scripts/lib/api-client.ts";
import { ensureSampleCourse, SAMPLE_AUTHOR } from "../../../scripts/lib/demo.ts";
import { buildPages } from "../../../scripts/lib/pages.ts";
import { type Runtime, startRuntime } from "../../../scripts/lib/runtime.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { expectAnswer } from "../node/answers.ts";
import { clientOf } from "../node/api.ts";
import { freshState, removeState } from "../node/state.ts";

const signedInSchema = z.looseObject({ session_token: z.string(), user: z.looseObject({ id: z.string() }) });
type SignedIn = z.infer<typeof signedInSchema>;

export interface Person {
  id: string;
  email: string;
  password: string;
}

/** A running Latchkey with the sample course, and people who can sign in to it. */
export class Site {
  readonly runtime: Runtime;
  readonly stateDir: string;
  readonly admin: ApiClient;
  readonly #sessions = new Map<string, SignedIn>();

  private constructor(runtime: Runtime, stateDir: string, admin: ApiClient) {
    this.runtime = runtime;
    this.stateDir = stateDir;
    this.admin = admin;
  }

  /** @param vars plain variables that replace those of the installation. */
  static async start(vars: Record<string, string> = {}): Promise<Site> {
    await buildPages();
    const stateDir = await freshState();
    const runtime = await startRuntime({ stateDir, vars });
    const site = new Site(runtime, stateDir, await clientOf(runtime.url, "root", "admin"));
    await ensureSampleCourse(await clientOf(runtime.url, SAMPLE_AUTHOR, "author"));
    return site;
  }

  get url(): string {
    return this.runtime.url;
  }

  async stop(): Promise<void> {
    await this.runtime.stop();
    removeState(this.stateDir);
  }

  /** Registers somebody. The id of the sample course's author makes them its author. */
  async person(id: string, role: Role = "learner"): Promise<Person> {
    const person = { id, email: `${id}@example.org`, password: randomBytes(12).toString("base64url") };
    expectAnswer(await this.admin.post("/api/v1/users", { ...person, name: `Person ${id}`, role }), 201, z.unknown());
    return person;
  }

  /** A learner of a course. */
  async learner(id: string, course: string): Promise<Person> {
    const person = await this.person(id);
    const path = `/api/v1/courses/${course}/enrollments`;
    expectAnswer(await this.admin.post(path, { user_id: id }), [200, 201], z.unknown());
    return person;
  }

  /**
   * Gives a browser the session of a person, as signing in there would. The rate limit of sign-ins counts all of a test's
   * browsers as one address, so each person signs in once.
   */
  async signIn(context: BrowserContext, person: Person): Promise<void> {
    let session = this.#sessions.get(person.id);
    if (session === undefined) {
      const { email, password } = person;
      session = expectAnswer(
        await api(this.url).post("/api/v1/auth/sign-in", { email, password }),
        200,
        signedInSchema,
      );
      this.#sessions.set(person.id, session);
    }
    const { session_token, user } = session;
    await context.addInitScript((kept) => {
      if (localStorage.getItem("latchkey.session") === null) localStorage.setItem("latchkey.session", kept);
    }, JSON.stringify({ session_token, user }));
  }

  /** Publishes a course whose chapters wait for one another in a row. @returns the ids of its chapters. */
  async chain(slug: string, length: number): Promise<string[]> {
    const ids = Array.from({ length }, (_, index) => `${slug}.c${index}`);
    const chapters = ids.map((id, index) => ({
      id,
      title: `Chapter ${index + 1}`,
      content: `Text of chapter ${index + 1}.`,
      rule: index === 0 ? null : { completed: ids[index - 1] },
      problems: [],
    }));
    expectAnswer(await this.admin.post("/api/v1/courses", { slug, title: slug }), 201, z.unknown());
    const document = { slug, title: slug, chapters };
    expectAnswer(await this.admin.post(`/api/v1/courses/${slug}/versions`, { document }), 201, z.unknown());
    return ids;
  }
}

/** Waits until the page says that events arrive as they happen. */
export async function untilLive(page: Page): Promise<void> {
  await page.locator('.connection[data-state="live"]').waitFor({ timeout: 60_000 });
}

/** An item on a map or a list, in one state (or any). */
export function itemOn(page: Page, item: string, state?: string) {
  return page.locator(`[data-item="${item}"]${state === undefined ? "" : `[data-state="${state}"]`}`).first();
}

/** Signs in as a person does: on the sign-in page, with the keyboard's own order of fields. */
export async function signInOnPage(page: Page, person: Person): Promise<void> {
  await page.goto("/");
  await page.locator("[name=email]").fill(person.email);
  await page.locator("[name=password]").fill(person.password);
  await page.locator("form button[type=submit]").click();
  await page.waitForURL("**/courses");
}
