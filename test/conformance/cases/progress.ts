import { setTimeout as sleep } from "node:timers/promises";
import type { Case, CaseContext } from "../lib/case.ts";
import { check, same } from "../lib/expect.ts";
import type { SseStream } from "../lib/sse-stream.ts";
import { envelopeSchema, freshKey, type RawEvent } from "../targets/contract.ts";
import { contractOf } from "./contract-of.ts";

const GROUP = "progress";
const NEEDS = ["contract"] as const;
const BURST = 100;

interface Step {
  stage: string;
  done: number | null;
}

/** A task's progress: few frames, never backwards, the last value before the end. */
export const progressCases: readonly Case[] = [
  {
    group: GROUP,
    name: `${BURST} updates at once become a few frames, rising, the last value before the end`,
    needs: NEEDS,
    run: (context) => burst(context, "completed", (events) => contractOf(context).publish(events)),
  },
  {
    group: GROUP,
    name: "the same with one publish for each update",
    needs: NEEDS,
    run: (context) =>
      burst(context, "completed", async (events) => {
        for (const event of events) await contractOf(context).publish([event]);
      }),
  },
  {
    group: GROUP,
    name: "the same for a task that fails",
    needs: NEEDS,
    run: (context) => burst(context, "failed", (events) => contractOf(context).publish(events)),
  },
  {
    group: GROUP,
    name: "the last value comes by itself, without a next one or an end",
    needs: NEEDS,
    async run(context) {
      const own = context.user();
      const stream = await context.open(own);
      await contractOf(context).publish(Array.from({ length: 20 }, (_, at) => update(own, "t", at + 1)));
      await stream.until(() => steps(stream, "t").at(-1)?.done === 20, "the last value", 5_000);
    },
  },
  {
    group: GROUP,
    name: "two tasks do not swallow each other's values",
    needs: NEEDS,
    async run(context) {
      const own = context.user();
      const stream = await context.open(own);
      const both = Array.from({ length: 40 }, (_, at) => [
        update(own, "one", at + 1),
        update(own, "two", at + 1),
      ]).flat();
      await contractOf(context).publish([...both, end(own, "one", "completed"), end(own, "two", "completed")]);
      for (const task of ["one", "two"]) {
        await stream.until(() => steps(stream, task).some(({ stage }) => stage === "completed"), `the end of ${task}`);
        same(steps(stream, task).at(-2)?.done, 40, `last value of ${task}`);
      }
    },
  },
  {
    group: GROUP,
    name: "an update after the end changes nothing",
    needs: NEEDS,
    async run(context) {
      const own = context.user();
      const stream = await context.open(own);
      const contract = contractOf(context);
      await contract.publish([update(own, "t", 1), end(own, "t", "completed")]);
      await contract.publishRaw([update(own, "t", 2)]);
      await sleep(1_500);
      same(steps(stream, "t").at(-1)?.stage, "completed", "the last stage");
    },
  },
  {
    group: GROUP,
    name: "missed progress resumes with its start and its end, and few values between",
    needs: NEEDS,
    async run(context) {
      const own = context.user();
      const first = await context.open(own);
      const cursor = first.lastId ?? "";
      first.cut();
      const updates = Array.from({ length: BURST }, (_, at) => update(own, "t", at + 1));
      await contractOf(context).publish([started(own, "t"), ...updates, end(own, "t", "completed")]);
      const stream = await context.open(own, { cursor });
      await stream.until(() => steps(stream, "t").some(({ stage }) => stage === "completed"), "the end");
      const missed = steps(stream, "t");
      same([missed[0]?.stage, missed.at(-1)?.stage], ["started", "completed"], "first and last");
      // Who was away needs no value at all of a task that has ended; those that come rise to the last.
      const values = missed.flatMap(({ done }) => done ?? []);
      check(values.length <= 2 && (values.at(-1) ?? BURST) === BURST, `values sent: ${values}`);
    },
  },
];

async function burst(
  context: CaseContext,
  stage: "completed" | "failed",
  publish: (events: readonly RawEvent[]) => Promise<unknown>,
): Promise<void> {
  const own = context.user();
  const stream = await context.open(own);
  const updates = Array.from({ length: BURST }, (_, at) => update(own, "t", at + 1));
  const begun = performance.now();
  await publish([started(own, "t"), ...updates, end(own, "t", stage)]);
  const seconds = Math.ceil((performance.now() - begun) / 1_000);
  await stream.until(() => steps(stream, "t").some((step) => step.stage === stage), "the end");
  await sleep(1_200);
  checkRun(steps(stream, "t"), stage, seconds + 2);
}

function checkRun(run: readonly Step[], stage: string, most = 4): void {
  same(run[0]?.stage, "started", "the first frame");
  same(run.at(-1)?.stage, stage, "the last frame");
  const values = run.flatMap(({ done }) => done ?? []);
  check(values.length <= most, `${values.length} updates came for ${BURST} in a burst (${values})`);
  check(
    values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0)),
    `values do not rise: ${values}`,
  );
  same(values.at(-1), BURST, "the last value before the end");
}

function steps(stream: SseStream, task: string): Step[] {
  return stream.frames.flatMap(({ event, data }) => {
    if (!event.startsWith("task.progress-")) return [];
    const { data: inner } = envelopeSchema.parse(JSON.parse(data));
    if (inner.task_id !== task) return [];
    return [{ stage: event.slice("task.progress-".length), done: typeof inner.done === "number" ? inner.done : null }];
  });
}

function started(user: string, task: string): RawEvent {
  const data = { task_id: task, kind: "kit", title: "Kit", total: BURST };
  return { key: freshKey(), to: { user }, type: "task.progress-started", data };
}

function update(user: string, task: string, done: number): RawEvent {
  return { to: { user }, type: "task.progress-updated", data: { task_id: task, done, total: BURST } };
}

function end(user: string, task: string, stage: "completed" | "failed"): RawEvent {
  const failure = { error: { code: "kit", message: "as asked" }, retry: { advised: false } };
  const data = { task_id: task, ...(stage === "failed" ? failure : {}) };
  return { key: freshKey(), to: { user }, type: `task.progress-${stage}`, data };
}
