import { html, raw } from "hono/html";
import type { AppContext } from "../../platform/http/context.ts";
import { languageOf } from "../../platform/http/language.ts";
import { type PageFault, TEXTS } from "./texts.ts";

// The few pages of a launch. They may stand in a frame of the platform, and of nobody else; they load nothing but their own
// script and style, and hold no session.

type Body = ReturnType<typeof html>;

/** What one page may do. */
interface Allowed {
  /** Origins whose pages may frame it. */
  frames: readonly string[];
  /** Where its forms may go beside our own origin. */
  forms?: readonly string[];
}

/** Answers with a page. @param title in the language of the answer, as `body`. */
export async function showPage(
  c: AppContext,
  {
    status,
    title,
    body,
    data,
  }: { status: 200 | 400 | 403 | 404 | 501 | 503; title: string; body: Body; data?: object },
  { frames, forms = [] }: Allowed,
): Promise<Response> {
  const ancestors = frames.length === 0 ? "'none'" : ["'self'", ...frames].join(" ");
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "base-uri 'none'",
    `form-action ${["'self'", ...forms].join(" ")}`,
    `frame-ancestors ${ancestors}`,
    "require-trusted-types-for 'script'",
  ].join("; ");
  const page = html`<!doctype html>
<html lang="${languageOf(c)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="/lti/page.css">
${data === undefined ? "" : raw('<script type="module" src="/lti/page.js"></script>')}
</head>
<body data-page="${JSON.stringify(data ?? {})}">
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
  c.header("content-security-policy", policy);
  c.header("cache-control", "no-store");
  return c.html(page, status);
}

const STATUSES: Partial<Record<PageFault, 404 | 403 | 501 | 503>> = {
  off: 501,
  platform_unknown: 404,
  course_refused: 404,
  item_unknown: 404,
  no_target: 404,
  keys_unreachable: 503,
  unavailable: 503,
  course_unpublished: 403,
  no_role: 403,
  mentor: 403,
  not_teacher: 403,
  links_refused: 403,
  full: 403,
  deployment_unknown: 403,
  platform_refused: 403,
  platform_off: 403,
  over: 403,
};

/** Says why somebody is not let in, and what to tell who helps them. */
export function showFault(
  c: AppContext,
  fault: PageFault,
  frames: readonly string[] = [],
  about?: string,
): Promise<Response> {
  const text = TEXTS[languageOf(c)];
  const body = html`<p role="alert">${text.faults[fault]}</p>
<p>${text.again}</p>
<p class="fine">${text.reference} <code>${fault}${about === undefined ? "" : ` ${about}`}</code> <code>${c.get("requestId")}</code></p>`;
  c.header("x-latchkey-lti", fault);
  return showPage(c, { status: STATUSES[fault] ?? 400, title: text.refused, body }, { frames });
}

export const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #1c1c1e; background: #fff; }
main { max-width: 40rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.4rem; }
.fine { font-size: 0.85rem; color: #55555a; }
button, .button { font: inherit; display: inline-block; text-decoration: none; padding: 0.6rem 1.2rem; border: 0; border-radius: 0.5rem; background: #1f4fd8; color: #fff; cursor: pointer; }
button:focus-visible, a:focus-visible, input:focus-visible { outline: 3px solid #f5a623; outline-offset: 2px; }
fieldset { border: 1px solid #c9c9cf; border-radius: 0.5rem; margin: 1rem 0; }
label { display: block; padding: 0.2rem 0; }
ul { padding-left: 1.2rem; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #17171a; } .fine { color: #aaa; } }
`;

/**
 * The script of the pages. What the browser keeps of a launch goes to the platform's own storage where cookies are blocked
 * (LTI Client Side postMessages 1.0, Platform Storage): the frame that was named answers, or a second passes.
 */
export const SCRIPT = `
const page = JSON.parse(document.body.dataset.page);
const byId = (id) => document.getElementById(id);

function frameNamed(name) {
  const top = window.parent !== window ? window.parent : window.opener;
  if (top === null || name === "_parent") return top;
  try { return top.frames[name] ?? null; } catch { return null; }
}

function ask({ target, origin }, message, wait) {
  return new Promise((resolve) => {
    const frame = frameNamed(target);
    if (frame === null) return resolve(null);
    const id = crypto.randomUUID();
    const end = (answer) => { removeEventListener("message", hear); clearTimeout(timer); resolve(answer); };
    const hear = ({ data, origin: from }) => {
      if (from !== origin || data?.subject !== message.subject + ".response" || data.message_id !== id) return;
      end(data.error === undefined ? data : null);
    };
    const timer = setTimeout(() => end(null), wait);
    addEventListener("message", hear);
    frame.postMessage({ ...message, message_id: id }, origin);
  });
}

if (page.step === "begin") {
  const hasCookies = document.cookie.includes(page.probe);
  const { storage } = page;
  const kept = storage === null ? null
    : await ask(storage, { subject: "lti.put_data", key: storage.key, value: storage.value }, 1500);
  if (hasCookies || kept !== null) location.replace(page.to);
  else byId("blocked").hidden = false;
}
if (page.step === "finish") {
  const answer = await ask(page.storage, { subject: "lti.get_data", key: page.storage.key }, 3000);
  if (typeof answer?.value === "string" && answer.value !== "") {
    byId("kept").value = answer.value;
    byId("form").submit();
  } else byId("blocked").hidden = false;
}
if (page.step === "send") byId("form").submit();
if (page.step === "close") (window.opener ?? window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
`;
