import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { mintAccessToken } from "../../src/identity/tokens.ts";
import type { Role } from "../../src/platform/roles.ts";
import { type ApiAnswer, type ApiClient, api } from "./api-client.ts";
import { fromRoot } from "./paths.ts";
import { shortenJson } from "./shorten.ts";

/** The sample course, its author and the learner that the printed commands speak for. */
export const SAMPLE_COURSE = "algorithms";
export const SAMPLE_TUTORIAL = "algorithms.welcome";
export const SAMPLE_AUTHOR = "author";
export const SAMPLE_LEARNER = "demo";
const SAMPLE_FILE = fromRoot("samples/algorithms/course.json");

/** Tokens of the start script serve for the few requests it makes itself, seconds. */
const TOKEN_SECONDS = 300;

const sampleSchema = z.looseObject({ slug: z.literal(SAMPLE_COURSE), title: z.union([z.string(), z.looseObject({})]) });
const courseSchema = z.looseObject({ active_version: z.int().nullable() });
const chaptersSchema = z.looseObject({
  results: z.array(z.looseObject({ id: z.string(), is_locked: z.boolean() })),
});

/** One command to paste, with what the server really answered to it a moment ago. */
export interface TourStop {
  purpose: string;
  command: string;
  /** Shortened JSON, see {@link shortenJson}. */
  output: string;
  note?: string;
}

/** A client that speaks for one user of the local installation. */
export async function clientFor(url: string, secret: string, user: string, role: Role): Promise<ApiClient> {
  return api(url, await mintAccessToken(secret, { sub: user, role, session: null, lifetimeSeconds: TOKEN_SECONDS }));
}

/**
 * Publishes the sample course where there is none; a course that has an active version stays as its author left it.
 * @returns the active version, and whether it was published just now.
 * @throws when the API refuses.
 */
export async function ensureSampleCourse(author: ApiClient): Promise<{ version: number; published: boolean }> {
  const existing = await author.get(`/api/v1/courses/${SAMPLE_COURSE}`);
  if (existing.status !== 404) {
    const { active_version: version } = courseSchema.parse(expectStatus(existing, [200]).body);
    if (version !== null) return { version, published: false };
  }
  const document: unknown = JSON.parse(readFileSync(SAMPLE_FILE, "utf8"));
  const { slug, title } = sampleSchema.parse(document);
  // 409: an earlier start created the course and was ended before it could publish.
  expectStatus(await author.post("/api/v1/courses", { slug, title }), [200, 201, 409]);
  const published = expectStatus(await author.post(`/api/v1/courses/${slug}/versions`, { document }), [200, 201]);
  return { version: z.looseObject({ version: z.int() }).parse(published.body).version, published: true };
}

/** Enrolls the caller in the sample course; enrolling twice is harmless. */
export async function enroll(learner: ApiClient): Promise<void> {
  expectStatus(await learner.post(`/api/v1/courses/${SAMPLE_COURSE}/enrollments`, {}), [200, 201]);
}

/**
 * The three commands worth a try, each with its real output. The reads are the demo learner's own. The write is shown
 * with a learner made for this purpose, who leaves the course again: it stays for the reader to do it for the demo.
 * @param shownUrl the base that the commands show.
 */
export async function tour(url: string, shownUrl: string, secret: string): Promise<TourStop[]> {
  const learner = await clientFor(url, secret, SAMPLE_LEARNER, "learner");
  const chapters = `/api/v1/courses/${SAMPLE_COURSE}/chapters/`;
  const list = expectStatus(await learner.get(chapters), [200]);
  const rows = chaptersSchema.parse(list.body).results;
  const asked = rows.find((row) => row.is_locked)?.id ?? rows.at(-1)?.id ?? SAMPLE_TUTORIAL;
  const why = `/api/v1/courses/${SAMPLE_COURSE}/items/${asked}/why`;
  const reason = expectStatus(await learner.get(why), [200]);
  const complete = `${chapters}${SAMPLE_TUTORIAL}/mark_as_completed/`;

  const visitorId = `visitor-${randomBytes(6).toString("hex")}`;
  const visitor = await clientFor(url, secret, visitorId, "learner");
  await enroll(visitor);
  const completed = expectStatus(await visitor.post(complete, {}), [200, 201]);
  expectStatus(await visitor.del(`/api/v1/courses/${SAMPLE_COURSE}/enrollments`), [200, 204]);

  return [
    {
      purpose: `The chapters as ${SAMPLE_LEARNER} may open them right now`,
      command: curl(`${shownUrl}${chapters}`),
      output: shortenJson(list.body, 2),
    },
    {
      purpose: `Why ${asked} is ${rows.some((row) => row.is_locked) ? "locked" : "open"}`,
      command: curl(`${shownUrl}${why}`),
      output: shortenJson(reason.body),
    },
    {
      purpose: "Complete the tutorial and see what it opens",
      command: curl(`${shownUrl}${complete}`, "-X POST"),
      output: shortenJson(completed.body),
      note: `the answer that a new learner, ${visitorId}, has just received; ${SAMPLE_LEARNER} is left for you to try`,
    },
  ];
}

function curl(address: string, option = ""): string {
  const words = ["curl -s", option, `-H "Authorization: Bearer $(npm run -s token -- ${SAMPLE_LEARNER})"`, address];
  return words.filter((word) => word !== "").join(" ");
}

function expectStatus(answer: ApiAnswer, statuses: readonly number[]): ApiAnswer {
  if (statuses.includes(answer.status)) return answer;
  throw new Error(`${answer.request} was answered with ${answer.status}: ${shortenJson(answer.body)}`);
}
