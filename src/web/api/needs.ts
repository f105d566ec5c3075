import { useQuery } from "@tanstack/react-query";
import { ApiProblem } from "./problem.ts";
import type { Eyes } from "./queries.ts";
import { request } from "./request.ts";
import type { ChapterRow, Explanation, ProblemRow, ReasonCode } from "./types.ts";

/** `item` waits for `on`: one line of the map. */
export interface Need {
  item: string;
  on: string;
  code: ReasonCode;
}

/** The limit of requests at the same time: the answers are small, and the rest of the page must not wait. */
const AT_ONCE = 6;

/**
 * The items that each item waits for, from the explanations of its lock. An open item has none any more. So the page
 * asks for the moment before the learner completed anything, when everything that can be locked was locked. Staff, for
 * whom everything is open, ask as a new learner. The answer belongs to one version of the course and lasts as long as
 * it does.
 */
export function useNeeds(course: string, items: readonly (ChapterRow | ProblemRow)[], version: number, eyes: Eyes) {
  return useQuery({
    queryKey: ["needs", course, version, eyes],
    queryFn: () => readNeeds(course, items, eyes),
    enabled: items.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

async function readNeeds(course: string, items: readonly (ChapterRow | ProblemRow)[], eyes: Eyes): Promise<Need[]> {
  const completed = items.flatMap((item) => (item.completed_at === null ? [] : [Date.parse(item.completed_at)]));
  const at = completed.length === 0 ? undefined : new Date(Math.min(...completed) - 1).toISOString();
  const asked = [...items];
  const needs: Need[] = [];
  const worker = async () => {
    for (let item = asked.shift(); item !== undefined; item = asked.shift()) {
      const { reasons } = await explain(course, item.id, at, eyes);
      for (const { item: on, code } of reasons) {
        if (on !== undefined && on !== item.id) needs.push({ item: item.id, on, code });
      }
      // For a share of a list of items, draw the items that would be completed first.
      for (const { items: among = [], remaining } of reasons) {
        const others = among.filter((on) => !reasons.some((reason) => reason.item === on));
        for (const on of others.slice(0, remaining)) needs.push({ item: item.id, on, code: "progress_too_low" });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // In the order of the course, not of the answers, so that the map is always drawn in the same way.
  const place = new Map(items.map((item, index) => [item.id, index]));
  return needs.sort((a, b) => (place.get(a.item) ?? 0) - (place.get(b.item) ?? 0));
}

const NOTHING: Pick<Explanation, "reasons"> = { reasons: [] };

/** Completions may be older than the enrollment (imported ones): then the present is the earliest possible instant. */
async function explain(
  course: string,
  item: string,
  at: string | undefined,
  eyes: Eyes,
): Promise<Pick<Explanation, "reasons">> {
  const ask = (instant: string | undefined) =>
    request<Explanation>(`/courses/${course}/items/${item}/why`, {
      query: { at: instant, as: eyes === "newcomer" ? "learner" : undefined },
    });
  try {
    return await ask(at);
  } catch (fault) {
    // Items that staff see and a new learner does not, such as items for some cohorts, wait for nothing.
    if (fault instanceof ApiProblem && fault.problem.code === "item_not_found") return NOTHING;
    if (at === undefined || !(fault instanceof ApiProblem) || fault.problem.status !== 400) throw fault;
    return ask(undefined);
  }
}
