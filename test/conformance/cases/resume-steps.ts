import { setTimeout as sleep } from "node:timers/promises";
import type { CaseContext, OpenOptions } from "../lib/case.ts";
import { check, difference, receives, same, series, TO_ALL, textsOf } from "../lib/expect.ts";
import type { SseStream } from "../lib/sse-stream.ts";

// What the cases about cursors have in common.

/** Publishes texts to one user, in order. */
export async function send({ target }: CaseContext, user: string, texts: readonly string[]): Promise<void> {
  await target.publish(texts.map((text) => ({ to: { user }, text })));
}

/** A user with `count` events e1, e2, …, and the ids with which they arrived. */
export async function published(context: CaseContext, own: string, count: number) {
  const stream = await context.open(own);
  await send(context, own, series("e", count));
  await receives(context.target, stream, series("e", count), "live");
  const ids = context.target.received(stream).flatMap(({ id, text }) => (text.startsWith(TO_ALL) ? [] : id));
  return { own, stream, ids };
}

/** A user of five events whose stream is cut and resumed at one of them. */
export async function resumesAt(context: CaseContext, position: number, options: OpenOptions = {}): Promise<void> {
  const { user, open, target } = context;
  const { own, ids, stream: first } = await published(context, user(), 5);
  first.cut();
  const stream = await open(own, { ...options, cursor: at(ids, position) });
  await receives(target, stream, series("e", 5 - position, position + 1), "missed ones");
  await send(context, own, ["live"]);
  await receives(target, stream, [...series("e", 5 - position, position + 1), "live"], "with a live one");
  if (target.features.has("contract")) same(target.claim(stream), "recovered", "word about the resume");
}

/**
 * Resumes at a cursor that belongs to nothing here: a refusal and a reset are fine; so is sending everything there is
 * (`all`), for then nothing is missing.
 */
export async function isTold(context: CaseContext, own: string, cursor: string, all: readonly string[]): Promise<void> {
  const { open, target } = context;
  let stream: SseStream;
  try {
    stream = await open(own, { cursor, via: "query" });
  } catch (fault) {
    check(/refused: 4\d\d/.test(String(fault)), String(fault));
    return;
  }
  await sleep(200);
  const got = textsOf(target, stream);
  check(!got.some((text) => text.startsWith("theirs")), "another user's events were sent");
  if (target.claim(stream) !== "reset") {
    check(
      all.length > 0 && difference(got, all) === "",
      `silent: ${JSON.stringify(got)} came, and no word about the rest`,
    );
  }
  await goesOn(context, own, stream);
}

/** Whatever was said of the cursor, live events come afterwards. */
export async function goesOn(context: CaseContext, own: string, stream: SseStream): Promise<void> {
  await send(context, own, ["goes on"]);
  await stream.until(() => textsOf(context.target, stream).includes("goes on"), "a live event afterwards");
}

/** Counted from 1, as the texts are. */
export function at(ids: readonly string[], position: number): string {
  const id = ids[position - 1];
  check(id !== undefined && id !== "", `event ${position} has no id`);
  return id;
}
