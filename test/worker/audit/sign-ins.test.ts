import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { drainAudit } from "../../../src/audit/outbox.ts";
import { setClock } from "../../support/worker/learners.ts";
import { freshEmail, signIn, signUp } from "../identity/support.ts";
import { entries, report, reported, storedEntries } from "./support.ts";

beforeAll(async () => {
  await report([reported("first")]);
});
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE_MS = 60_000;

/** Entries about refused sign-ins, once the minute is over. */
async function refusals(now: number) {
  await drainAudit(env, now);
  return (await entries())
    .filter(({ action }) => action === "sign_in.refused")
    .map(({ target_type, target_id, actor_role, outcome, details }) => ({
      target_type,
      target_id,
      actor_role,
      outcome,
      tries: Number(JSON.parse(details).entries),
    }));
}

/** What waits, until the background of the requests has written it. */
const waiting = (tries: number) =>
  vi.waitFor(async () => {
    const row = await env.DB.prepare(
      "SELECT sum(json_extract(entry, '$.details.entries')) AS n FROM audit_outbox WHERE key LIKE ':sign_in.refused:%'",
    ).first<{ n: number | null }>();
    expect(row?.n ?? 0).toBe(tries);
  }, 10_000);

describe("[fault 8] refused sign-ins", () => {
  it("are counted in one entry for each account and minute, and moved to the chain after the minute", async () => {
    const { user } = await signUp();
    const stranger = freshEmail();
    const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS + 1_000;
    setClock(now);
    for (let time = 0; time < 3; time += 1) expect((await signIn(user.email, "wrong horse battery")).status).toBe(401);
    for (let time = 0; time < 2; time += 1) expect((await signIn(stranger, "wrong horse battery")).status).toBe(401);
    await waiting(5);
    expect(await refusals(now)).toEqual([]);
    const found = await refusals(now + MINUTE_MS);
    expect(found.toSorted((a, b) => b.tries - a.tries)).toEqual([
      { target_type: "user", target_id: user.id, actor_role: "system", outcome: "refused", tries: 3 },
      {
        target_type: "address",
        target_id: expect.stringMatching(/^[0-9a-f]{24}$/),
        actor_role: "system",
        outcome: "refused",
        tries: 2,
      },
    ]);
    // Nobody is named in what is signed: neither who has an account nor who has none.
    const text = JSON.stringify(await storedEntries());
    for (const word of [user.id, user.email, stranger]) expect(text).not.toContain(word);
  });

  it("do not fill the chain: above a hundred accounts in a minute all others are counted together", async () => {
    const before = (await entries()).filter(({ action }) => action === "sign_in.refused").length;
    const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS + 5 * MINUTE_MS;
    setClock(now);
    const minute = Math.floor(now / MINUTE_MS);
    const rows = Array.from({ length: 100 }, (_, index) =>
      env.DB.prepare("INSERT INTO audit_outbox (key, entry, created_at, ready_at) VALUES (?, '{}', 1, ?)").bind(
        `filler-${index}`,
        (minute + 1) * MINUTE_MS,
      ),
    );
    await env.DB.batch(rows);
    for (let time = 0; time < 3; time += 1) await signIn(freshEmail(), "wrong horse battery");
    await waiting(3);
    await env.DB.prepare("DELETE FROM audit_outbox WHERE key LIKE 'filler-%'").run();
    const found = (await refusals(now + MINUTE_MS)).slice(before);
    expect(found).toEqual([
      { target_type: "accounts", target_id: "others", actor_role: "system", outcome: "refused", tries: 3 },
    ]);
  });
});
