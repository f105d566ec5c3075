import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { request } from "../../../api/request.ts";
import type { GradedSubmission, Page, PendingCounts, PendingSubmission, Submission } from "../../../api/types.ts";
import { useLanguage } from "../../../i18n/index.ts";

/** The filter of the queue; empty: all courses of the user. */
export interface Filter {
  course: string;
  item: string;
  cohort: string;
}

const PAGE = 50;
/** The page looks for new answers at this interval, milliseconds. */
const LOOK_AGAIN_MS = 30_000;

export const QUEUE = ["grading", "queue"];
export const COUNTS = ["grading", "counts"];

const named = ({ course, item, cohort }: Filter) => ({
  course: course === "" ? undefined : course,
  item: item === "" ? undefined : item,
  cohort: cohort === "" ? undefined : cohort,
});

export function useQueue(filter: Filter) {
  return useInfiniteQuery({
    queryKey: [...QUEUE, filter],
    queryFn: ({ pageParam }) =>
      request<Page<PendingSubmission>>("/submissions/pending", {
        query: { limit: PAGE, ...named(filter), cursor: pageParam ?? undefined },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: LOOK_AGAIN_MS,
  });
}

/** How many answers wait, by problem. Admins judge everywhere, so they get numbers only for one course. */
export function useCounts(course: string, isEverywhere: boolean) {
  return useQuery({
    queryKey: [...COUNTS, course],
    queryFn: () =>
      request<PendingCounts>("/submissions/pending/counts", { query: { course: course === "" ? undefined : course } }),
    enabled: course !== "" || !isEverywhere,
    refetchInterval: LOOK_AGAIN_MS,
  });
}

export function useGraded(submission: string | null) {
  const language = useLanguage();
  return useQuery({
    queryKey: ["grading", "one", submission, language],
    queryFn: () => request<GradedSubmission>(`/submissions/${submission}`, { query: { lang: language } }),
    enabled: submission !== null,
    staleTime: 0,
  });
}

/** The other answers of the same learner to the same problem. */
export function useOthers({ item, learner, id }: Pick<GradedSubmission, "item" | "learner" | "id">) {
  const found = useQuery({
    queryKey: ["grading", "others", item, learner],
    queryFn: () => request<Page<Submission>>(`/problems/${item}/submissions`, { query: { learner, limit: 20 } }),
  });
  return found.data?.results.filter((each) => each.id !== id) ?? [];
}
