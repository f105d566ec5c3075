// @vitest-environment happy-dom
import { cleanup, fireEvent, render, renderHook, screen, waitFor } from "@testing-library/react";
import axe from "axe-core";
import { createElement } from "react";
import { afterEach, describe, expect, it } from "vitest";
import {
  latchkeyKeys,
  SSEConnectionStatus,
  useContentNotifications,
  useSSEConnection,
  useSystemNotifications,
  useTaskProgress,
  useUnlocks,
} from "../../../src/client/react/index.ts";
import { reactBench } from "../../support/client/react.tsx";
import { pause } from "../../support/client/stream-bench.ts";

afterEach(cleanup);

type Bench = ReturnType<typeof reactBench>;

async function live({ stream }: Bench): Promise<void> {
  await waitFor(() => expect(stream.status.state).toBe("live"));
}

describe("useSSEConnection", () => {
  it("starts and stops with its provider, and follows the state", async () => {
    const bench = reactBench();
    const { result, unmount } = renderHook(() => useSSEConnection(), { wrapper: bench.wrapper });
    await waitFor(() => expect(result.current.status.state).toBe("live"));
    bench.api.frame("stream.evicted", { reason: "too_many_streams" });
    await waitFor(() => expect(result.current.status.state).toBe("evicted"));
    result.current.retry();
    await waitFor(() => expect(result.current.status.state).toBe("live"));
    unmount();
    expect(bench.stream.status.state).toBe("stopped");
  });

  it("says in an error that the provider is missing", () => {
    expect(() => renderHook(() => useSSEConnection())).toThrow("LatchkeyProvider");
  });
});

describe("useTaskProgress", () => {
  it("renders twice for a burst: the first value and the last value", async () => {
    const bench = reactBench();
    const seen: number[] = [];
    const { result } = renderHook(
      () => {
        const progress = useTaskProgress("t1", { throttleMs: 40 });
        if (progress.state === "running" && seen.at(-1) !== progress.done) seen.push(progress.done);
        return progress;
      },
      { wrapper: bench.wrapper },
    );
    await live(bench);
    for (let done = 1; done <= 50; done += 1)
      bench.api.publish("task.progress-updated", { task_id: "t1", done, total: 50 });
    bench.api.publish("task.progress-updated", { task_id: "other", done: 99 });
    await waitFor(() => expect(result.current.done).toBe(50));
    expect(seen).toEqual([1, 50]);
    expect(result.current).toMatchObject({ state: "running", total: 50 });
  });

  it("shows the end of a task at once, with its result", async () => {
    const bench = reactBench();
    const { result, rerender } = renderHook(({ id }) => useTaskProgress(id, { throttleMs: 60_000 }), {
      wrapper: bench.wrapper,
      initialProps: { id: "t1" },
    });
    await live(bench);
    expect(result.current.state).toBe("waiting");
    bench.api.publish("task.progress-started", { task_id: "t1", kind: "import", title: "Import", total: 9 });
    bench.api.publish("task.progress-updated", { task_id: "t1", done: 3 });
    bench.api.publish("task.progress-completed", { task_id: "t1", result: { rows: 9 } });
    await waitFor(() => expect(result.current.state).toBe("completed"));
    expect(result.current).toMatchObject({ title: "Import", done: 9, total: 9, result: { rows: 9 } });
    rerender({ id: "t2" });
    expect(result.current.state).toBe("waiting");
    const error = { code: "timeout", message: "took too long" };
    bench.api.publish("task.progress-failed", { task_id: "t2", error, retry: { advised: true, after_s: 5 } });
    await waitFor(() => expect(result.current).toMatchObject({ state: "failed", error, retry: { after_s: 5 } }));
  });
});

describe("useTaskProgress, mounted again", () => {
  it("[fault 41] shows the events that came while it was not mounted, and before it was first mounted", async () => {
    const bench = reactBench();
    const { result, rerender } = renderHook(({ id }) => useTaskProgress(id), {
      wrapper: bench.wrapper,
      initialProps: { id: "none" },
    });
    await live(bench);
    bench.api.publish("task.progress-started", { task_id: "early", kind: "import", title: "Early", total: 4 });
    bench.api.publish("task.progress-updated", { task_id: "early", done: 3 });
    bench.api.publish("task.progress-updated", { task_id: "none", done: 1 });
    await waitFor(() => expect(result.current.done).toBe(1));
    rerender({ id: "early" });
    expect(result.current).toMatchObject({ state: "running", title: "Early", done: 3, total: 4 });
    rerender({ id: "none" });
    expect(result.current).toMatchObject({ state: "running", done: 1 });
  });
});

describe("notifications", () => {
  it("are kept, counted and marked as read; the oldest are removed first; they are still there after a reload", async () => {
    const bench = reactBench();
    const hook = () => ({ system: useSystemNotifications(), content: useContentNotifications() });
    const { result, unmount } = renderHook(hook, { wrapper: bench.wrapper });
    await live(bench);
    const ids = ["a", "b", "c", "d"].map((title) => bench.api.publish("system.notification", { title }));
    bench.api.publish("content.novel-created", { novel_id: "n", title: "new" });
    bench.api.publish("unlock.changed", { course_id: "c", unlocked: [], locked: [] });
    await waitFor(() => expect(result.current.content.unread).toBe(1));
    const idsShown = () => result.current.system.items.map(({ event }) => event.id);
    expect(idsShown()).toEqual([ids[3], ids[2], ids[1]]);
    expect(result.current.system.unread).toBe(3);
    result.current.system.markRead(ids[2] ?? "");
    await waitFor(() => expect(result.current.system.unread).toBe(2));
    unmount();

    const again = renderHook(hook, { wrapper: reactBench({ storage: bench.storage }).wrapper });
    expect(again.result.current.system.items).toHaveLength(3);
    expect(again.result.current.system.items.map(({ read }) => read)).toEqual([false, true, false]);
    again.result.current.system.markAllRead();
    await waitFor(() => expect(again.result.current.system.unread).toBe(0));
    expect(again.result.current.content.unread).toBe(1);
  });

  it("work with a storage that is empty or holds nonsense", async () => {
    const bench = reactBench();
    bench.storage.setItem("latchkey.system.ada", "[{]");
    const { result } = renderHook(() => useSystemNotifications(), { wrapper: bench.wrapper });
    expect(result.current.items).toEqual([]);
    await live(bench);
    bench.api.publish("system.error", { code: "x", summary: "y" });
    await waitFor(() => expect(result.current.unread).toBe(1));
  });
});

describe("useUnlocks", () => {
  const path = (course: string, list: string) => `/api/v1/courses/${course}/${list}`;

  async function twoCourses() {
    const bench = reactBench();
    for (const course of ["algo", "logic"]) {
      bench.api.rows.set(path(course, "chapters"), [{ id: `${course}.one`, is_locked: true }]);
      bench.api.rows.set(path(course, "problems"), [{ id: `${course}.two`, is_unlocked: false }]);
    }
    const { result } = renderHook(() => ({ algo: useUnlocks("algo"), logic: useUnlocks("logic") }), {
      wrapper: bench.wrapper,
    });
    await live(bench);
    await waitFor(() =>
      expect(result.current.logic.problems.isSuccess && result.current.algo.problems.isSuccess).toBe(true),
    );
    await waitFor(() => expect(bench.queryClient.isFetching()).toBe(0));
    bench.api.asked.length = 0;
    return { bench, result };
  }

  it("reads both lists, and reads them again only when an event names their course", async () => {
    const { bench, result } = await twoCourses();
    expect(result.current.algo.chapters.data?.[0]?.is_locked).toBe(true);
    bench.queryClient.setQueryData([...latchkeyKeys.item("algo", "algo.one")], "content");
    bench.queryClient.setQueryData([...latchkeyKeys.item("algo", "algo.other")], "content");
    bench.api.rows.set(path("algo", "chapters"), [{ id: "algo.one", is_locked: false }]);
    bench.api.publish("unlock.changed", { course_id: "algo", unlocked: ["algo.one"], locked: [] });
    await waitFor(() => expect(result.current.algo.chapters.data?.[0]?.is_locked).toBe(false));
    await waitFor(() => expect(bench.api.asked).toHaveLength(2));
    expect(bench.api.asked.toSorted()).toEqual([path("algo", "chapters"), path("algo", "problems")]);
    const isStale = (item: string) => bench.queryClient.getQueryState(latchkeyKeys.item("algo", item))?.isInvalidated;
    expect([isStale("algo.one"), isStale("algo.other")]).toEqual([true, false]);
    bench.api.publish("content.chapter-updated", { course_id: "logic", course_version: 2, items: [] });
    await waitFor(() => expect(bench.api.asked).toHaveLength(4));
    expect(bench.api.asked.slice(2).every((asked) => asked.includes("logic"))).toBe(true);
    bench.api.publish("system.notification", { title: "t" });
    await pause(20);
    expect(bench.api.asked).toHaveLength(4);
  });

  it("reads again all data of this library after a reset, and no other data of the page", async () => {
    const { bench } = await twoCourses();
    bench.queryClient.setQueryData(["mine"], 1);
    bench.api.frame("stream.reset", { recovered: false, reason: "expired", scope: "user", head: "e1-9.0" });
    await waitFor(() => expect(bench.api.asked).toHaveLength(4));
    expect(bench.queryClient.getQueryState(["mine"])?.isInvalidated).toBe(false);
  });

  it("does not show an answer that is older than an event which arrived during the request", async () => {
    const bench = reactBench();
    bench.api.rows.set(path("algo", "problems"), []);
    bench.api.rows.set(path("algo", "chapters"), [{ id: "algo.one", is_locked: true }]);
    const { result } = renderHook(() => ({ unlocks: useUnlocks("algo"), status: useSSEConnection().status }), {
      wrapper: bench.wrapper,
    });
    await live(bench);
    await waitFor(() => expect(bench.queryClient.isFetching()).toBe(0));
    bench.queryClient.removeQueries({ queryKey: latchkeyKeys.chapters("algo") });
    bench.api.hold();
    const reading = renderHook(() => useUnlocks("algo"), { wrapper: bench.wrapper });
    await waitFor(() => expect(bench.api.held).toBeGreaterThan(0));
    bench.api.rows.set(path("algo", "chapters"), [{ id: "algo.one", is_locked: false }]);
    bench.api.publish("unlock.changed", { course_id: "algo", unlocked: ["algo.one"], locked: [] });
    await waitFor(() => expect(bench.api.held).toBeGreaterThan(1));
    bench.api.release();
    await waitFor(() => expect(reading.result.current.chapters.data?.[0]?.is_locked).toBe(false));
    expect(result.current.status.state).toBe("live");
  });

  it("reads again what was loaded before the first event could arrive, and only on the first visit", async () => {
    const bench = reactBench();
    bench.api.rows.set(path("algo", "chapters"), []);
    bench.api.rows.set(path("algo", "problems"), []);
    bench.api.isRefusing = true;
    const { result, unmount } = renderHook(() => useUnlocks("algo"), { wrapper: bench.wrapper });
    await waitFor(() => expect(result.current.problems.isSuccess && result.current.chapters.isSuccess).toBe(true));
    expect(bench.api.asked).toHaveLength(2);
    bench.api.isRefusing = false;
    await live(bench);
    await waitFor(() => expect(bench.api.asked).toHaveLength(4));
    unmount();
    renderHook(() => useUnlocks("algo"), { wrapper: bench.wrapper });
    await live(bench);
    await pause(20);
    expect(bench.api.asked).toHaveLength(4);
  });

  describe("a read in the background", () => {
    async function shownFor(ms: number) {
      const bench = reactBench();
      bench.api.rows.set(path("algo", "problems"), []);
      bench.api.rows.set(path("algo", "chapters"), []);
      const { result } = renderHook(() => useUnlocks("algo"), { wrapper: bench.wrapper });
      await live(bench);
      await waitFor(() => expect(result.current.chapters.isSuccess && bench.queryClient.isFetching() === 0).toBe(true));
      const [key] = bench.queryClient.getQueryCache().findAll({ queryKey: latchkeyKeys.chapters("algo") });
      if (key === undefined) throw new Error("nothing is shown");
      bench.queryClient.setQueryData(key.queryKey, [], { updatedAt: Date.now() - ms });
      const first = bench.api.queries.length;
      const queries = () => bench.api.queries.slice(first).map((query) => query.get("max_stale"));
      return { bench, again: () => result.current.chapters.refetch(), queries };
    }

    it("accepts an answer from the edge when the shown answer is older than the edge's may be", async () => {
      const { bench, again, queries } = await shownFor(20_000);
      expect(bench.api.queries.every((query) => !query.has("max_stale"))).toBe(true);
      await again();
      expect(queries()).toEqual(["15"]);
      // Now it is younger: an answer from the edge could go back in time.
      await again();
      expect(queries()).toEqual(["15", null]);
    });

    it("[I3] needs an exact answer after an own write, and when an event says that something changed", async () => {
      const { bench, again, queries } = await shownFor(20_000);
      const chapter = { path: { course: "algo", chapter: "algo.one" } };
      await bench.client.post("/api/v1/courses/{course}/chapters/{chapter}/mark_as_completed", chapter);
      await again();
      expect(queries()).toEqual([null]);
      const other = await shownFor(20_000);
      other.bench.api.publish("unlock.changed", { course_id: "algo", unlocked: ["algo.one"], locked: [] });
      await waitFor(() => expect(other.queries()).toHaveLength(2));
      expect(other.queries()).toEqual([null, null]);
    });

    it("needs an exact answer from an older server", async () => {
      const { bench, again, queries } = await shownFor(20_000);
      for (const name of ["max_stale", "tz"]) bench.api.unknown.add(name);
      expect((await again()).isSuccess).toBe(true);
      expect(queries()).toEqual(["15", "15", null]);
    });
  });

  it("returns the server's problem when there is no such course", async () => {
    const bench = reactBench();
    const { result } = renderHook(() => useUnlocks("none"), { wrapper: bench.wrapper });
    await waitFor(() => expect(result.current.chapters.error?.problem.code).toBe("not_found"));
  });
});

describe("SSEConnectionStatus", () => {
  it("describes each state in words, with a polite live region, and has a button to try again", async () => {
    const bench = reactBench();
    const { container } = render(createElement(bench.wrapper, null, createElement(SSEConnectionStatus)));
    const said = screen.getByRole("status");
    expect(said.getAttribute("aria-live")).toBe("polite");
    await waitFor(() => expect(said.textContent).toBe("● Live"));
    expect(screen.queryByRole("button")).toBeNull();
    expect((await axe.run(container)).violations).toEqual([]);
    bench.api.frame("stream.evicted", { reason: "session_ended" });
    await waitFor(() => expect(said.textContent).toContain("session has ended"));
    expect(container.querySelector("[data-state=evicted]")).not.toBeNull();
    expect((await axe.run(container)).violations).toEqual([]);
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(said.textContent).toBe("● Live"));
  });

  it("counts the tries, also in Chinese", async () => {
    const bench = reactBench();
    render(createElement(bench.wrapper, null, createElement(SSEConnectionStatus, { lang: "zh" })));
    await live(bench);
    bench.api.isRefusing = true;
    bench.api.end();
    await waitFor(() => expect(screen.getByRole("status").textContent).toMatch(/第 \d\/5 次/));
    expect(screen.getByRole("button", { name: "重试" })).toBeDefined();
  });
});
