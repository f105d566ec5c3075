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

/** Requests at the same moment: the answers are small, and the rest of the page wants its turn. */
const AT_ONCE = 6;

/**
 * What each item waits for, from the explanations of its lock. An item that is open has none any more, so the question
 * is asked for the moment before the learner completed anything, when everything that can be locked was; staff, to whom
 * everything is open, ask as a newcomer. The answer belongs to one version of the course and lasts as long as it does.
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
      // Of a share of a list of items, those that would do first are what there is to draw.
      for (const { items: among = [], remaining } of reasons) {
        const others = among.filter((on) => !reasons.some((reason) => reason.item === on));
        for (const on of others.slice(0, remaining)) needs.push({ item: item.id, on, code: "progress_too_low" });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // In the order of the course, whichever answer came first: the map is drawn the same way every time.
  const place = new Map(items.map((item, index) => [item.id, index]));
  return needs.sort((a, b) => (place.get(a.item) ?? 0) - (place.get(b.item) ?? 0));
}

const NOTHING: Pick<Explanation, "reasons"> = { reasons: [] };

/** Completions may be older than the enrollment (imported ones): then the present is as far back as one can ask. */
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
    // What staff see and a new learner does not, such as an item that is meant for some cohorts, waits for nothing.
    if (fault instanceof ApiProblem && fault.problem.code === "item_not_found") return NOTHING;
    if (at === undefined || !(fault instanceof ApiProblem) || fault.problem.status !== 400) throw fault;
    return ask(undefined);
  }
}
