import { expect, it } from "vitest";
import { z } from "zod";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem, read } from "../../support/worker/http.ts";
import { author, ladder } from "../../support/worker/learners.ts";
import { mailsTo } from "../identity/ways-support.ts";

const fresh = () => `${crypto.randomUUID()}@example.org`;

it("a link to a course is sent to the addresses that staff name, each once, and lets whoever has it in", async () => {
  const slug = freshSlug("invited");
  await publish(ladder(slug));
  const [one, other] = [fresh(), fresh()];
  const body = { emails: [one, one.toUpperCase(), other] };
  const made = await callWith({}, "POST", `/courses/${slug}/invitations?lang=zh`, {
    token: await author(),
    body,
    background: "wait",
  });
  const { token } = await read(made, 201, z.looseObject({ token: z.string() }));
  for (const address of [one, other]) {
    const mails = await mailsTo(address);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.subject).toContain("邀请");
    expect(mails[0]?.text).toContain(`/invite/${token}\n`);
  }
  expect((await call("POST", "/invitations/look-up", { body: { token } })).status).toBe(200);
});

it("nobody is invited by mail where none is sent, and no more than a hundred at a time", async () => {
  const slug = freshSlug("uninvited");
  await publish(ladder(slug));
  const path = `/courses/${slug}/invitations`;
  const token = await author();
  const many = Array.from({ length: 101 }, fresh);
  const refused = await problem(await call("POST", path, { token, body: { emails: many } }), 400);
  expect(refused.errors?.[0]).toMatchObject({ path: "emails", rule: "too_big" });
  // SAFETY: an operator may write what the file of today does not say.
  const bindings = { ENVIRONMENT: "staging", PUBLIC_URL: "https://learn.example.org" } as unknown as Partial<Env>;
  const elsewhere = await callWith(bindings, "POST", path, { token, body: { emails: [fresh()] } });
  expect([401, 501]).toContain(elsewhere.status);
  expect((await call("POST", path, { token, body: { emails: many.slice(1) } })).status).toBe(201);
});
