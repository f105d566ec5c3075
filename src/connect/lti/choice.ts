import type { OpenAPIHono } from "@hono/zod-openapi";
import { html } from "hono/html";
import { z } from "zod";
import { fetchCourse, loadActiveProgram } from "../../courses/index.ts";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { type AppContext, type AppEnv, databaseOf } from "../../platform/http/context.ts";
import { languageOf } from "../../platform/http/language.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { inLanguage, localizedTextSchema } from "../../platform/text.ts";
import type { Program } from "../../unlock/index.ts";
import type { ChoiceLaunch } from "./claims.ts";
import { fieldsOf } from "./form.ts";
import { signAsTool } from "./keys.ts";
import { outside } from "./outside.ts";
import { showFault, showPage } from "./page.ts";
import { placeOf } from "./roles.ts";
import { readBack, signBack } from "./state.ts";
import { CHOSEN_COURSES, everyPublished } from "./statements/launches.ts";
import { platformById } from "./statements/platforms.ts";
import { type Platform, platformRow } from "./tables.ts";
import { mayOpen, type Target, targetAddress } from "./target.ts";
import { type EntryFault, TEXTS } from "./texts.ts";

// A teacher chooses what a link of their platform opens (Deep Linking 2.0). The page holds no session: what it brings back is
// signed, and says which platform asked and where the answer goes.

const TICKET_SECONDS = 1_800;
const RESPONSE_SECONDS = 300;
/** Courses, and items of a course, that are listed. */
const MAX_COURSES = 200;
const MAX_ITEMS = 2_000;
/** Links of one answer. */
const MAX_CHOSEN = 100;
const DL = "https://purl.imsglobal.org/spec/lti-dl/claim";
const LTI = "https://purl.imsglobal.org/spec/lti/claim";

const ticketSchema = z.object({
  platform: z.string(),
  issuer: z.string(),
  client: z.string(),
  deployment: z.string(),
  back: z.string(),
  many: z.boolean(),
  graded: z.boolean(),
  data: z.string().nullable(),
});
type Ticket = z.output<typeof ticketSchema>;
const courseRow = z.object({
  slug: z.string(),
  title: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(localizedTextSchema(1_000)),
});

/** Begins a choice. @returns the page, or why there is none. */
export async function offerChoice(
  c: AppContext,
  platform: Platform,
  launch: ChoiceLaunch,
  now: number,
): Promise<Response | EntryFault | "form_invalid"> {
  if (placeOf(launch.roles) !== "teacher") return "not_teacher";
  if (!launch.accepts.includes("ltiResourceLink")) return "links_refused";
  if (outside(c.env).check(launch.back) !== null) return "form_invalid";
  const { deployment, back, many, graded, data } = launch;
  const { id, issuer, client_id: client } = platform;
  const ticket: Ticket = { platform: id, issuer, client, deployment, back, many, graded, data };
  const signed = await signBack(c.env.AUTH_SECRET, "lti-choice", ticket, TICKET_SECONDS, now);
  const courses = await coursesOf(c.env, platform);
  const [only] = courses;
  if (only !== undefined && courses.length === 1) return itemsPage(c, platform, ticket, signed, only.slug);
  return coursesPage(c, platform, signed, courses);
}

async function coursesOf(env: Env, { settings }: Platform): Promise<z.output<typeof courseRow>[]> {
  const db = directory(env);
  const found =
    settings.courses === null
      ? (await everyPublished(db, MAX_COURSES).all()).results
      : await CHOSEN_COURSES.find(db, settings.courses);
  return z.array(courseRow).parse(found);
}

function coursesPage(
  c: AppContext,
  platform: Platform,
  signed: string,
  courses: readonly z.output<typeof courseRow>[],
): Promise<Response> {
  const language = languageOf(c);
  const text = TEXTS[language];
  const body = html`<form method="post" action="/lti/choose">
<input type="hidden" name="ticket" value="${signed}">
<fieldset><legend>${text.chooseCourse}</legend>
${courses.map(
  ({ slug, title }) =>
    html`<label><input type="radio" name="course" value="${slug}" required> ${inLanguage(title, language)} <span class="fine">${slug}</span></label>`,
)}
</fieldset>
<button>${text.next}</button>
</form>`;
  return showPage(c, { status: 200, title: text.choose, body }, { frames: platform.settings.origins });
}

async function itemsPage(
  c: AppContext,
  platform: Platform,
  { many, graded }: Ticket,
  signed: string,
  course: string,
): Promise<Response> {
  const found = await loadActiveProgram(databaseOf(c), course);
  if (found === null) return showFault(c, "course_refused", platform.settings.origins);
  const language = languageOf(c);
  const text = TEXTS[language];
  const listed = itemsOf(found.program);
  const box = (value: string, title: string, isDeep: boolean) =>
    html`<label>${isDeep ? "— " : ""}<input type="${many ? "checkbox" : "radio"}" name="item" value="${value}"> ${title}</label>`;
  const body = html`<form method="post" action="/lti/choose">
<input type="hidden" name="ticket" value="${signed}">
<input type="hidden" name="course" value="${course}">
<fieldset><legend>${text.chooseItem}</legend>
${box("", `${text.wholeCourse}: ${inLanguage(found.program.outline.title, language)}`, false)}
${listed.slice(0, MAX_ITEMS).map(({ id, title, isDeep }) => box(id, inLanguage(title, language), isDeep))}
</fieldset>
${listed.length > MAX_ITEMS ? html`<p>${text.onlyFirst(MAX_ITEMS)}</p>` : ""}
${graded ? html`<label><input type="checkbox" name="graded" value="yes" checked> ${text.graded}</label>` : ""}
<button>${text.next}</button>
</form>`;
  return showPage(c, { status: 200, title: text.choose, body }, { frames: platform.settings.origins });
}

/** Items that a link can open, each chapter before what stands in it; what is a draft is not among them. */
function itemsOf({ outline, chapterCount, problemsOf }: Program) {
  const shown = <T extends { status: string }>(item: T) => item.status !== "draft";
  const inChapters = outline.chapters.filter(shown).flatMap((chapter) => {
    const index = outline.chapters.indexOf(chapter);
    const within = [...(problemsOf[index] ?? [])].flatMap((at) => outline.problems[at - chapterCount] ?? []);
    return [
      { id: chapter.id, title: chapter.title, isDeep: false },
      ...within.filter(shown).map(({ id, title }) => ({ id, title, isDeep: true })),
    ];
  });
  const alone = outline.problems.filter(({ chapter }) => chapter === null).filter(shown);
  return [...inChapters, ...alone.map(({ id, title }) => ({ id, title, isDeep: false }))];
}

/** What a teacher chose, as the platform takes it (section 3.1). */
function contentItem(origin: string, target: Target, title: string, graded: boolean) {
  const { course, item } = target;
  const resourceId = item ?? course;
  return {
    type: "ltiResourceLink",
    title,
    url: targetAddress(origin, target),
    custom: { course, ...(item === null ? {} : { item: item.slice(course.length + 1) }) },
    // Moodle makes a column of its gradebook from this, and none without.
    ...(graded ? { lineItem: { scoreMaximum: 100, label: title, resourceId } } : {}),
  };
}

async function choose(c: AppContext): Promise<Response> {
  const origin = publicOrigin(c.env, c.req.url);
  if (origin === null) return showFault(c, "off");
  const now = Date.now();
  const fields = await fieldsOf(c);
  const signed = fields?.get("ticket") ?? "";
  const ticket = await readBack(acceptedSecrets(c.env), "lti-choice", signed, ticketSchema, now);
  if (fields === null || ticket === null) return showFault(c, "over");
  const row = await platformById(directory(c.env), ticket.platform).first();
  if (row === null) return showFault(c, "platform_unknown");
  const platform = platformRow.parse(row);
  const { origins: frames, courses, deployments, enabled } = platform.settings;
  if (!enabled) return showFault(c, "platform_off", frames);
  // It may have been changed, or removed and registered anew, while the page was open.
  if (!deployments.includes(ticket.deployment)) return showFault(c, "deployment_unknown", frames, ticket.deployment);
  if (ticket.issuer !== platform.issuer || ticket.client !== platform.client_id) return showFault(c, "over", frames);
  const course = fields.get("course") ?? "";
  const entry = await fetchCourse(databaseOf(c), course);
  if (entry === null || !mayOpen(courses, entry)) return showFault(c, "course_refused", frames);
  if (!fields.has("item")) return itemsPage(c, platform, ticket, signed, course);
  const found = await loadActiveProgram(databaseOf(c), course);
  if (found === null) return showFault(c, "course_refused", frames);
  const chosen = [...new Set(fields.getAll("item"))];
  if (chosen.length > (ticket.many ? MAX_CHOSEN : 1)) return showFault(c, "nothing_chosen", frames);
  const { outline } = found.program;
  const offered = new Map(itemsOf(found.program).map((one) => [one.id, one]));
  const language = languageOf(c);
  const graded = ticket.graded && fields.get("graded") === "yes";
  const links = [];
  for (const id of chosen) {
    const item = offered.get(id);
    if (id !== "" && item === undefined) return showFault(c, "item_unknown", frames);
    const title = inLanguage(item?.title ?? outline.title, language);
    links.push(contentItem(origin, { course, item: item?.id ?? null }, title, graded));
  }
  const token = await signAsTool(
    c.env,
    {
      iss: platform.client_id,
      aud: platform.issuer,
      nonce: crypto.randomUUID(),
      [`${LTI}/deployment_id`]: ticket.deployment,
      [`${LTI}/message_type`]: "LtiDeepLinkingResponse",
      [`${LTI}/version`]: "1.3.0",
      [`${DL}/content_items`]: links,
      ...(ticket.data === null ? {} : { [`${DL}/data`]: ticket.data }),
    },
    RESPONSE_SECONDS,
    now,
  );
  const text = TEXTS[language];
  const body = html`<form id="form" method="post" action="${ticket.back}">
<input type="hidden" name="JWT" value="${token}">
<button>${text.next}</button>
</form>`;
  const forms = [new URL(ticket.back).origin];
  return showPage(c, { status: 200, title: text.opening, body, data: { step: "send" } }, { frames, forms });
}

/** Where the pages of a choice go on. */
export function mountChoice(app: OpenAPIHono<AppEnv>): void {
  app.post("/lti/choose", choose);
}
