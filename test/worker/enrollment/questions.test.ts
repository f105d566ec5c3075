import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { AUTHOR, type DocumentInput, enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { API, call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author } from "../../support/worker/learners.ts";
import { bytesOf, remove, sendBytes, uploaded } from "../files/support.ts";

const option = (id: string) => ({ id, text: { en: `Option *${id}*`, zh: `选项 ${id}` } });
const OPTIONS = ["a", "b", "c", "d"].map(option);

function quiz(slug: string): DocumentInput {
  const item = (name: string, rest: object) => ({
    id: `${slug}.${name}`,
    title: name,
    content: `The ${name}.`,
    ...rest,
  });
  return {
    slug,
    title: "Questions",
    problems: [
      item("choice", { question: { kind: "choice", options: OPTIONS }, answer: { kind: "choice", option: "b" } }),
      item("choices", {
        question: { kind: "choices", options: OPTIONS, shuffle: true },
        answer: { kind: "choices", options: ["a", "c"], partial: true },
      }),
      item("ordering", {
        question: { kind: "ordering", options: OPTIONS },
        answer: { kind: "ordering", options: ["a", "b", "c", "d"] },
      }),
      item("text", { question: { kind: "text" }, answer: { kind: "exact", values: ["bread"] } }),
      item("number", {
        question: { kind: "number", units: ["m", "cm"] },
        answer: { kind: "numeric", value: 2, unit: "m", other_units: [{ unit: "cm", factor: 0.01 }] },
      }),
      item("paper", { question: { kind: "file", max_files: 2, max_bytes: 1_000, endings: ["txt"] } }),
      item("poll", { question: { kind: "choice", options: OPTIONS } }),
      item("prize", { rule: { completed: `${slug}.choice` } }),
    ],
  };
}

const judged = z.looseObject({
  submission_id: z.string(),
  status: z.string(),
  score: z.number().nullable(),
  unlocked: z.array(z.string()),
});
const detail = z.looseObject({
  question: z
    .object({
      kind: z.string(),
      options: z.array(z.object({ id: z.string(), text: z.string() })),
      units: z.array(z.string()),
      max_files: z.number(),
      max_bytes: z.number(),
      endings: z.array(z.string()).nullable(),
    })
    .nullable(),
});
const fileView = z.object({ id: z.string(), name: z.string(), content_type: z.string(), size: z.number() });
const work = z.looseObject({ answer: z.string(), files: z.array(fileView) });

let slug = "";
beforeAll(async () => {
  slug = freshSlug("quiz");
  await publish(quiz(slug));
  await enroll(slug, "ada");
});

const send = async (name: string, body: object, user = "ada") =>
  call("POST", `/problems/${slug}.${name}/submissions`, { token: await tokenOf(user), body });
const tried = async (name: string, body: object) => read(await send(name, body), 201, judged);
const asked = async (name: string, user = "ada", lang = "en") =>
  (await read(await call("GET", `/problems/${slug}.${name}?lang=${lang}`, { token: await tokenOf(user) }), 200, detail))
    .question;
const rules = async (name: string, body: object) =>
  ((await problem(await send(name, body), 400)).errors ?? []).map(({ path, rule }) => [path, rule]);

describe("a question", () => {
  it.each([
    ["choice", "b", 100],
    ["choice", "a", 0],
    ["choices", "c, a", 100],
    ["choices", "a", 50],
    ["choices", "a b c d", 0],
    ["ordering", "a, b, c, d", 100],
    ["ordering", "b, a, c, d", 0],
    ["text", " Bread ", 100],
    ["number", "2", 100],
    ["number", "200 cm", 100],
    ["number", "2 cm", 0],
  ])("judges the %s %j by its key: %i", async (name, answer, score) => {
    expect(await tried(name, { answer })).toMatchObject({ status: score === 100 ? "passed" : "failed", score });
  });

  it("with the right answer opens the items that wait for it", async () => {
    const own = freshSlug("quiz");
    await publish(quiz(own));
    await enroll(own, "bob");
    const token = await tokenOf("bob");
    const answer = await call("POST", `/problems/${own}.choice/submissions`, { token, body: { answer: "b" } });
    expect((await read(answer, 201, judged)).unlocked).toEqual([`${own}.prize`]);
  });

  it("without an answer key is judged by people", async () => {
    expect(await tried("poll", { answer: "c" })).toMatchObject({ status: "pending", score: null });
  });

  it("refuses something that is no answer to it, and stores nothing", async () => {
    expect(await rules("choice", { answer: "x" })).toEqual([["answer", "no_such_option"]]);
    expect(await rules("choice", { answer: "a, b" })).toEqual([["answer", "one_option"]]);
    expect(await rules("ordering", { answer: "a, b" })).toEqual([["answer", "all_options"]]);
    expect(await rules("number", { answer: "two" })).toEqual([["answer", "not_a_number"]]);
    expect(await rules("paper", { answer: "my essay" })).toEqual([["files", "too_small"]]);
    expect(await rules("text", { answer: "\u001c[]\n" })).toEqual([["answer", "forbidden_character"]]);
    expect(await rules("text", {})).toEqual([["answer", "too_small"]]);
  });

  it("is shown in the learner's language, without its answer key", async () => {
    const shown = await call("GET", `/problems/${slug}.choices?lang=zh`, { token: await tokenOf("ada") });
    const text = await shown.text();
    expect(text).not.toMatch(/partial|"answer"/);
    expect(JSON.parse(text).question.options).toContainEqual({ id: "a", text: "选项 a" });
    expect(await asked("number")).toMatchObject({ kind: "number", units: ["m", "cm"] });
    expect(await asked("prize", AUTHOR).catch(() => null)).toBeNull();
  });

  it("that asks for an order shows each learner the same mixed order each time, never the right one", async () => {
    const orders = new Set<string>();
    for (const user of ["ada", ...Array.from({ length: 12 }, (_, index) => `learner-${index}`)]) {
      if (user !== "ada") await enroll(slug, user);
      const order = ((await asked("ordering", user))?.options ?? []).map(({ id }) => id).join();
      expect(((await asked("ordering", user))?.options ?? []).map(({ id }) => id).join()).toBe(order);
      expect(order).not.toBe("a,b,c,d");
      orders.add(order);
    }
    expect(orders.size).toBeGreaterThan(4);
    expect(((await asked("choice"))?.options ?? []).map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
  });

  it.each([
    [{ kind: "choice", options: OPTIONS }, { kind: "exact", values: ["b"] }, "answer.kind", "other_question"],
    [undefined, { kind: "choice", option: "b" }, "answer.kind", "other_question"],
    [{ kind: "file" }, { kind: "exact", values: ["b"] }, "answer.kind", "other_question"],
    [{ kind: "choice", options: OPTIONS }, { kind: "choice", option: "z" }, "answer.option", "no_such_option"],
    [
      { kind: "ordering", options: OPTIONS },
      { kind: "ordering", options: ["a", "b"] },
      "answer.options",
      "all_options",
    ],
    [
      { kind: "choices", options: OPTIONS },
      { kind: "choices", options: ["a", "a"] },
      "answer.options[1]",
      "named_twice",
    ],
    [{ kind: "choice", options: [option("a"), option("a")] }, null, "question.options[1].id", "duplicate_id"],
    [{ kind: "number" }, { kind: "numeric", value: 1, other_units: [] }, "answer.unit", "required"],
  ])("does not publish the question %j with the key %j", async (question, answer, path, rule) => {
    const document = { slug, title: "Wrong", problems: [{ id: `${slug}.x`, title: "X", question, answer }] };
    const sent = await call("POST", `/courses/${slug}/versions?dry_run=true`, {
      token: await author(),
      body: { document },
    });
    const { errors = [] } = await problem(sent, 400);
    expect(errors.map((error) => [error.path, error.rule])).toContainEqual([
      expect.stringMatching(new RegExp(`problems\\[0\\]\\.${path.replace(/[[\].]/g, "\\$&")}$`)),
      rule,
    ]);
  });
});

describe("submitted files", () => {
  const bytes = bytesOf("my essay");

  async function submitFiles(user = "ada") {
    const file = await uploaded(bytes, { user, name: "essay.txt" });
    const answer = await send("paper", { answer: "Late, sorry.", files: [file.id] }, user);
    const { submission_id } = await read(answer, 201, judged);
    return { file, submission: submission_id, address: `/submissions/${submission_id}/files/${file.id}` };
  }

  it("can be read by the graders of the course and by their learner, and by nobody else", async () => {
    const { file, submission, address } = await submitFiles();
    const seen = await read(await call("GET", `/submissions/${submission}`, { token: await author() }), 200, work);
    const named = { id: file.id, name: "essay.txt", content_type: "text/plain", size: bytes.length };
    expect(seen).toMatchObject({ answer: "Late, sorry.", files: [named] });
    for (const token of [await author(), await tokenOf("ada"), await tokenOf("boss", "admin")]) {
      const answer = await call("GET", address, { token });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-disposition")).toContain("attachment");
      expect(await answer.text()).toBe("my essay");
    }
    await enroll(slug, "eve");
    for (const token of [await tokenOf("eve"), await tokenOf("other-author", "author")]) {
      expect((await problem(await call("GET", address, { token }), 403)).code).toBe("forbidden");
    }
    const list = z.object({ results: z.array(work) });
    const own = await call("GET", `/problems/${slug}.paper/submissions`, { token: await tokenOf("ada") });
    expect((await read(own, 200, list)).results[0]).toMatchObject({ answer: "Late, sorry.", files: [named] });
  });

  it("can be read through a submission only if it names them", async () => {
    const { submission } = await submitFiles();
    const other = await uploaded(bytes, { user: "ada", name: "diary.txt" });
    const token = await author();
    await problem(await call("GET", `/submissions/${submission}/files/${other.id}`, { token }), 404);
  });

  it("cannot be deleted by their owner any more, unless the submission was refused", async () => {
    const { file } = await submitFiles();
    expect((await problem(await remove(file.id), 409)).code).toBe("file_submitted");
    const spare = await uploaded(bytes, { user: "ada", name: "spare.txt" });
    expect(await rules("text", { answer: "x", files: [spare.id] })).toEqual([["files", "no_files"]]);
    expect((await remove(spare.id)).status).toBe(204);
  });

  it("are refused by name if they belong to somebody else, are too many, too large or of another kind", async () => {
    const foreign = await uploaded(bytes, { user: "eve", name: "essay.txt" });
    expect(await rules("paper", { files: [foreign.id] })).toEqual([["files[0]", "no_such_file"]]);
    const large = await uploaded(new Uint8Array(1_001), { user: "ada", name: "large.txt" });
    const wrong = await uploaded(bytes, { user: "ada", name: "essay.md" });
    expect(await rules("paper", { files: [large.id, wrong.id] })).toEqual([
      ["files[0]", "file_too_large"],
      ["files[1]", "file_ending"],
    ]);
    expect(await rules("paper", { files: [wrong.id, wrong.id] })).toEqual([["files[1]", "named_twice"]]);
    const soon = await uploaded(bytes, {
      user: "ada",
      name: "soon.txt",
      query: { expires_at: new Date(Date.now() + 3_600_000).toISOString() },
    });
    expect(await rules("paper", { files: [soon.id] })).toEqual([["files[0]", "expires"]]);
  });

  it("are in the graders' list beside the text of the answer", async () => {
    const { submission } = await submitFiles("learner-1");
    const { project } = await import("../../support/worker/courses.ts");
    await project(slug, "learner-1");
    const queue = z.object({ results: z.array(work.extend({ id: z.string() })) });
    const page = await call("GET", `/submissions/pending?item=${slug}.paper`, { token: await author() });
    const waiting = (await read(page, 200, queue)).results.find(({ id }) => id === submission);
    expect(waiting).toMatchObject({ answer: "Late, sorry.", files: [{ name: "essay.txt" }] });
  });

  it("have one effect, however often the same request is sent", async () => {
    const file = await uploaded(bytes, { user: "ada", name: "again.txt" });
    const options = {
      token: await tokenOf("ada"),
      body: { files: [file.id] },
      headers: { "idempotency-key": crypto.randomUUID() },
    };
    const first = await read(await call("POST", `/problems/${slug}.paper/submissions`, options), 201, judged);
    const second = await read(await call("POST", `/problems/${slug}.paper/submissions`, options), 201, judged);
    expect(second.submission_id).toBe(first.submission_id);
    const row = await env.DB.prepare("SELECT submitted_with FROM files WHERE id = ?").bind(file.id).first();
    expect(row).toEqual({ submitted_with: first.submission_id });
  });
});

describe("files of course texts", () => {
  const png = bytesOf("no real picture");
  const post = async (token: string, name = "leaf.png") =>
    sendBytes("POST", `${API}/courses/${slug}/files?name=${name}`, png, {
      authorization: `Bearer ${token}`,
      "content-type": "image/png",
      "content-length": String(png.length),
    });

  it("are uploaded by managers of the course; staff see them before they are published, and learners after", async () => {
    const { id, name } = await read(await post(await author()), 201, fileView);
    expect(name).toBe("leaf.png");
    expect((await read(await post(await author()), 201, fileView)).id).toBe(id);
    const draft = await call("GET", `/courses/${slug}/files/${id}`, { token: await author() });
    expect(await draft.text()).toBe("no real picture");
    await problem(await call("GET", `/courses/${slug}/files/${id}`, { token: await tokenOf("ada") }), 403);
    const shown = `/courses/${slug}/items/${slug}.text/files/${id}`;
    await problem(await call("GET", shown, { token: await tokenOf("ada") }), 404);
    const document = quiz(slug);
    const item = document.problems?.find((each) => each.id === `${slug}.text`);
    if (item !== undefined) item.content = `![leaf](/api/v1${shown})`;
    await publish(document);
    expect((await call("GET", shown, { token: await tokenOf("ada") })).status).toBe(200);
  });

  it("are refused to everybody else", async () => {
    expect((await problem(await post(await tokenOf("ada")), 403)).code).toBe("forbidden");
    expect((await problem(await post(await tokenOf("other", "author")), 403)).code).toBe("forbidden");
  });
});
