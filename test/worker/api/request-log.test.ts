import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { tokenOf } from "../../support/worker/http.ts";
import { ladder } from "../../support/worker/learners.ts";

const lineSchema = z.looseObject({ event: z.string(), status: z.int().optional(), sample_rate: z.number().optional() });

/** The request lines that `work` leaves in the log. */
async function linesOf(work: () => Promise<unknown>) {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    await work();
    return log.mock.calls
      .map(([line]) => lineSchema.parse(JSON.parse(String(line))))
      .filter((l) => l.event === "request");
  } finally {
    log.mockRestore();
  }
}

async function enrolled(): Promise<string> {
  const slug = freshSlug("log");
  await publish(ladder(slug));
  await enroll(slug, "ada");
  return slug;
}

const rated = (rate: string): object => ({ READ_LOG_RATE: rate });

describe("the log line of a request", () => {
  it("is left out only for uneventful reads, for the share in READ_LOG_RATE", async () => {
    const slug = await enrolled();
    const token = await tokenOf("ada");
    const ask = (method: string, path: string, bindings: object) => () => callWith(bindings, method, path, { token });
    const chapters = `/courses/${slug}/chapters/`;
    await ask("GET", chapters, {})();
    expect(await linesOf(ask("GET", chapters, { READ_LOG_RATE: "0" }))).toEqual([]);
    expect(await linesOf(ask("GET", chapters, { READ_LOG_RATE: "1" }))).toMatchObject([{ status: 200 }]);
    const unknown = await linesOf(ask("GET", `/courses/${slug}/items/${slug}.none/why`, { READ_LOG_RATE: "0" }));
    expect(unknown).toMatchObject([{ status: 404 }]);
    const write = `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`;
    expect(await linesOf(ask("POST", write, { READ_LOG_RATE: "0" }))).toMatchObject([{ status: 200 }]);
    const { namespace } = brokenObjects();
    const fallback = await linesOf(ask("GET", chapters, { READ_LOG_RATE: "0", ENROLLMENTS: namespace }));
    expect(fallback).toMatchObject([{ status: 200, source: "realtime" }]);
  });

  it("is written for a tenth as many answers at the edge, or for all if the setting asks for all", async () => {
    const slug = await enrolled();
    const token = await tokenOf("ada");
    const read = (query: string, rate: string) => () =>
      callWith(rated(rate), "GET", `/courses/${slug}/chapters/${query}`, { token });
    await read("?max_stale=60", "1")();
    const chance = vi.spyOn(Math, "random").mockReturnValue(0.5);
    try {
      expect(await linesOf(read("", "0.9"))).toMatchObject([{ source: "snapshot", sample_rate: 0.9 }]);
      expect(await linesOf(read("?max_stale=60", "0.9"))).toEqual([]);
      expect(await linesOf(read("?max_stale=60", "1"))).toMatchObject([{ source: "edge" }]);
      chance.mockReturnValue(0.05);
      expect(await linesOf(read("?max_stale=60", "0.9"))).toMatchObject([
        { source: "edge", sample_rate: expect.closeTo(0.09) },
      ]);
    } finally {
      chance.mockRestore();
    }
  });

  it("names the share that it represents, so that counts can be scaled up", async () => {
    const slug = await enrolled();
    const token = await tokenOf("ada");
    const bindings: object = { READ_LOG_RATE: "0.999999" };
    const read = () => callWith(bindings, "GET", `/courses/${slug}/chapters/`, { token });
    await read();
    expect(await linesOf(read)).toMatchObject([{ status: 200, sample_rate: 0.999999 }]);
  });
});
